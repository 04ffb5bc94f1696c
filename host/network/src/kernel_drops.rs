//! What the kernel says of datagrams that it dropped.

use std::fs;

/// Returns how many datagrams the kernel has dropped because a UDP socket had no room; 0 where it does not say.
pub(crate) fn kernel_drops(inode: u64) -> u64 {
    ["/proc/net/udp", "/proc/net/udp6"].iter().filter_map(|table| drops(&fs::read_to_string(table).ok()?, inode)).sum()
}

/// Returns the drops of a socket in the kernel's table: the tenth column is the inode, the last one counts.
fn drops(table: &str, inode: u64) -> Option<u64> {
    let inode = inode.to_string();
    let row = table.lines().skip(1).find(|row| row.split_ascii_whitespace().nth(9) == Some(&inode))?;
    row.split_ascii_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_counts_drops_by_socket() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n  \
                     120: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 12\n  \
                     121: 0100007F:158B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0\n";
        assert_eq!((drops(table, 4711), drops(table, 4712), drops(table, 12)), (Some(12), Some(0), None));
    }
}
