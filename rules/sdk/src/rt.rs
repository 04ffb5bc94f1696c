//! What the generated bindings need at run time: memory for the canonical ABI, and flags. It is what the runtime of
//! `wit-bindgen` does, so that the SDK depends on nothing.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ptr::{self, NonNull},
};

/// A block of memory that is freed when this is dropped.
pub struct Cleanup {
    block: NonNull<u8>,
    layout: Layout,
}

impl Cleanup {
    /// Allocates a block; null and `None` for one of no bytes.
    pub fn new(layout: Layout) -> (*mut u8, Option<Self>) {
        if layout.size() == 0 {
            return (ptr::null_mut(), None);
        }
        // SAFETY: the layout has a size.
        let block = unsafe { alloc(layout) };
        let Some(block) = NonNull::new(block) else { handle_alloc_error(layout) };
        (block.as_ptr(), Some(Self { block, layout }))
    }

    /// Leaves the block to the caller, who frees it.
    #[expect(clippy::disallowed_methods, reason = "the block is freed by address, as the canonical ABI wants")]
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // SAFETY: the block was allocated with this layout, and only this value frees it.
        unsafe { dealloc(self.block.as_ptr(), self.layout) }
    }
}

/// Gives the host memory in the guest, and makes it larger.
///
/// # Safety
/// `old` must be what this function returned for `old_len` bytes of that alignment, unless `old_len` is 0.
#[cfg(target_family = "wasm")]
unsafe fn reallocated(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    if old_len == 0 && new_len == 0 {
        return ptr::without_provenance_mut(align);
    }
    let Ok(layout) = Layout::from_size_align(if old_len == 0 { new_len } else { old_len }, align) else {
        unreachable!("the host asks for sound layouts")
    };
    // SAFETY: the caller's promise; a layout of no bytes was handled above.
    let block = unsafe { if old_len == 0 { alloc(layout) } else { std::alloc::realloc(old, layout, new_len) } };
    if block.is_null() {
        handle_alloc_error(layout);
    }
    block
}

/// The export of the canonical ABI by which the host passes texts and lists.
///
/// # Safety
/// See [`reallocated`].
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    // SAFETY: the canonical ABI passes what it was given.
    unsafe { reallocated(old, old_len, align, new_len) }
}

/// Keeps `cabi_realloc` in the module.
pub fn maybe_link_cabi_realloc() {
    #[cfg(target_family = "wasm")]
    {
        // SAFETY: a function's address, which is never called through this.
        #[used]
        static KEPT: unsafe extern "C" fn(*mut u8, usize, usize, usize) -> *mut u8 = cabi_realloc;
    }
}

/// Runs constructors of statics before the first call of an export, once.
#[cfg(target_family = "wasm")]
pub fn run_ctors_once() {
    use std::sync::atomic::{AtomicBool, Ordering};

    static RUN: AtomicBool = AtomicBool::new(false);
    if !RUN.swap(true, Ordering::Relaxed) {
        // SAFETY: wasm-ld makes this function, and leaves the calls to us because we name it.
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        // SAFETY: it runs once, before anything that it makes is used.
        unsafe { __wasm_call_ctors() }
    }
}

pub mod bitflags {
    //! Flags of the contract.

    macro_rules! bitflags {
        (
            $(#[$attribute:meta])*
            pub struct $name:ident : $repr:ty {
                $(
                    $(#[$flag_attribute:meta])*
                    const $flag:ident = $value:expr;
                )*
            }
        ) => {
            $(#[$attribute])*
            pub struct $name {
                bits: $repr,
            }

            impl $name {
                $(
                    $(#[$flag_attribute])*
                    pub const $flag: Self = Self { bits: $value };
                )*

                /// No flag.
                pub const fn empty() -> Self {
                    Self { bits: 0 }
                }

                /// Flags from their bits.
                pub const fn from_bits_retain(bits: $repr) -> Self {
                    Self { bits }
                }

                /// Their bits.
                pub const fn bits(&self) -> $repr {
                    self.bits
                }
            }

            impl ::core::ops::BitOr for $name {
                type Output = Self;
                fn bitor(self, other: Self) -> Self {
                    Self { bits: self.bits | other.bits }
                }
            }

            impl ::core::ops::BitAnd for $name {
                type Output = Self;
                fn bitand(self, other: Self) -> Self {
                    Self { bits: self.bits & other.bits }
                }
            }
        };
    }

    pub(crate) use bitflags;
}
