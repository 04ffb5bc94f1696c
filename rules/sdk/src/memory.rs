//! The memory of a rule: blocks of sizes that are powers of two, and a list of the free ones of each. It takes a tenth
//! of the code of the standard library's allocator, and a call of a rule ends with the blocks free that it began with.

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr,
};

/// The smallest block is 16 bytes, which every alignment of a rule's types fits.
const SMALLEST: u32 = 4;
/// The number of sizes up to 2 GiB.
const SIZES: usize = 28;
/// Blocks below this are cut from a page of memory together.
const CHUNK_BYTES: usize = 1 << 16;

/// The allocator of a module, which has one thread.
pub struct RuleMemory(UnsafeCell<Blocks>);

struct Blocks {
    /// The first free block of each size; each holds the address of the next one.
    free: [*mut u8; SIZES],
    /// What is left of the last chunk.
    next: usize,
    end: usize,
}

// SAFETY: a module has one thread.
unsafe impl Sync for RuleMemory {}

/// A static of a module, which has one thread.
pub struct OneThread<T>(pub T);

// SAFETY: a module has one thread.
unsafe impl<T> Sync for OneThread<T> {}

impl RuleMemory {
    /// Returns an allocator that has no memory yet.
    pub const fn new() -> Self {
        Self(UnsafeCell::new(Blocks { free: [ptr::null_mut(); SIZES], next: 0, end: 0 }))
    }
}

impl Default for RuleMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the number of the smallest size that holds such a block.
fn size_of(layout: &Layout) -> usize {
    let bytes = layout.size().max(layout.align()).max(1 << SMALLEST);
    (usize::BITS - (bytes - 1).leading_zeros() - SMALLEST) as usize
}

impl Blocks {
    #[inline(never)]
    fn fresh(&mut self, size: usize) -> *mut u8 {
        let bytes = 1usize << (size as u32 + SMALLEST);
        // Blocks are aligned by their size.
        let start = self.next.next_multiple_of(bytes);
        if self.end != 0 && start.saturating_add(bytes) <= self.end {
            self.next = start + bytes;
            return ptr::with_exposed_provenance_mut(start);
        }
        let wanted = bytes.max(CHUNK_BYTES);
        let Some(grown) = grow(wanted, bytes) else { return ptr::null_mut() };
        self.next = grown + bytes;
        self.end = grown + wanted;
        ptr::with_exposed_provenance_mut(grown)
    }
}

/// Returns the address of that many more bytes, aligned; `None` where the module may have no more.
fn grow(bytes: usize, align: usize) -> Option<usize> {
    const PAGE_BYTES: usize = 1 << 16;
    let there = std::arch::wasm32::memory_size::<0>() * PAGE_BYTES;
    let start = there.next_multiple_of(align);
    let pages = (start - there + bytes).div_ceil(PAGE_BYTES);
    (std::arch::wasm32::memory_grow::<0>(pages) != usize::MAX).then_some(start)
}

// SAFETY: a block is of at least its layout's size and alignment, and is in use or in one list.
unsafe impl GlobalAlloc for RuleMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = size_of(&layout);
        if size >= SIZES {
            return ptr::null_mut();
        }
        // SAFETY: one thread, and nothing in here allocates.
        let blocks = unsafe { &mut *self.0.get() };
        let block = blocks.free[size];
        if block.is_null() {
            return blocks.fresh(size);
        }
        // SAFETY: a free block holds the address of the next one.
        blocks.free[size] = unsafe { block.cast::<*mut u8>().read() };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let size = size_of(&layout);
        // SAFETY: as above.
        let blocks = unsafe { &mut *self.0.get() };
        // SAFETY: the caller gives up the block, which has at least 16 bytes.
        unsafe { block.cast::<*mut u8>().write(blocks.free[size]) };
        blocks.free[size] = block;
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_bytes: usize) -> *mut u8 {
        // SAFETY: the caller keeps to the rules for layouts.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_bytes, layout.align()) };
        if size_of(&new_layout) == size_of(&layout) {
            return block;
        }
        // SAFETY: the new block is another one; the old one is given up after it was copied.
        unsafe {
            let new = self.alloc(new_layout);
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(new_bytes));
                self.dealloc(block, layout);
            }
            new
        }
    }
}
