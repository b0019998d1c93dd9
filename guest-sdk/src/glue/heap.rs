//! The heap of a pure tool: an instance lives for one call, so a small allocator is enough.
//!
//! The standard library's takes 8 KiB of code, an eighth of a small tool, and knows nothing of the
//! heap that `tool build` links: it would grow the memory in each call, which is slower than the
//! rest of a small one. Other allocators for WebAssembly grow the memory too.

#![allow(unsafe_code, reason = "an allocator hands out memory by its address")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ops::Range;

/// The alignment of every block, and the size of the smallest, in bytes: what a block that is free
/// needs to name the next one, and what 128-bit numbers need.
const UNIT: usize = 16;

/// Sizes of blocks between a power of two and the next. A block has at most a quarter more bytes
/// than were asked for.
const STEPS: usize = 4;

/// Lists of free blocks: one for each size up to the largest address.
const CLASSES: usize = STEPS * (usize::BITS as usize + 1);

/// A heap between two addresses. Blocks are cut off at its beginning; a block that was given back
/// waits in the list of its size.
///
/// There are no threads in a component, so nothing else uses it at the same time.
pub(super) struct Heap {
    /// The address where the part begins that was never handed out.
    next: Cell<usize>,
    /// The address where it ends.
    end: Cell<usize>,
    /// By size, the first free block; its first bytes are the address of the next one. 0 for none.
    free: [Cell<usize>; CLASSES],
    /// Makes it longer by at least so many bytes, and returns the addresses of the new part, which
    /// ends at 0 where there is none. One that begins at the former end makes one part of both.
    more: fn(usize) -> Range<usize>,
}

/// A size of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class {
    index: usize,
    /// A multiple of [`UNIT`].
    bytes: usize,
}

impl Class {
    /// The smallest class for so many bytes.
    fn of(bytes: usize) -> Option<Self> {
        let bytes = bytes.max(UNIT).checked_next_multiple_of(UNIT)?;
        let log = bytes.ilog2() as usize;
        let step = (1_usize << log) / STEPS;
        let bytes = bytes.checked_next_multiple_of(step.max(UNIT))?;
        let log = bytes.ilog2() as usize;
        let rest = bytes - (1 << log);
        let index = log * STEPS + rest * STEPS / (1 << log);
        Some(Self { index, bytes })
    }
}

impl Heap {
    pub(super) const fn new(more: fn(usize) -> Range<usize>) -> Self {
        Self {
            next: Cell::new(0),
            end: Cell::new(0),
            free: [const { Cell::new(0) }; CLASSES],
            more,
        }
    }

    /// Cuts a block off the part that was never handed out; 0 where there is no memory.
    fn cut(&self, bytes: usize) -> usize {
        if self.end.get() - self.next.get() < bytes {
            let part = (self.more)(bytes);
            if part.end == 0 {
                return 0;
            }
            if part.start != self.end.get() {
                self.next.set(part.start.next_multiple_of(UNIT));
            }
            self.end.set(part.end);
            if part.end.saturating_sub(self.next.get()) < bytes {
                return 0;
            }
        }
        let block = self.next.get();
        self.next.set(block + bytes);
        block
    }

    /// The address of a block of this class; 0 where there is no memory.
    fn take(&self, class: Class) -> usize {
        let Some(first) = self.free.get(class.index) else {
            return 0;
        };
        match first.get() {
            0 => self.cut(class.bytes),
            block => {
                // SAFETY: a block in a list is free, of at least `UNIT` bytes, aligned, and begins
                // with the address of the next one.
                first.set(unsafe { (block as *const usize).read() });
                block
            }
        }
    }

    fn give_back(&self, block: usize, class: Class) {
        if let Some(first) = self.free.get(class.index) {
            // SAFETY: the block was handed out with this class and is not used any more.
            unsafe { (block as *mut usize).write(first.get()) };
            first.set(block);
        }
    }
}

// SAFETY: a component has one thread.
unsafe impl Sync for Heap {}

// SAFETY: blocks do not overlap, because each is cut off once and is in at most one list, that of
// its size. Each is as large as its class, which is found again from the layout.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= UNIT {
            return Class::of(layout.size()).map_or(0, |class| self.take(class)) as *mut u8;
        }
        // Rare, so it is cut off and not given back.
        let bytes = layout.size().checked_add(layout.align() + UNIT);
        let bytes = bytes.and_then(|bytes| bytes.checked_next_multiple_of(UNIT));
        match bytes.map_or(0, |bytes| self.cut(bytes)) {
            0 => std::ptr::null_mut(),
            block => block.next_multiple_of(layout.align()) as *mut u8,
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() <= UNIT
            && let Some(class) = Class::of(layout.size())
        {
            self.give_back(block as usize, class);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let classes = (Class::of(layout.size()), Class::of(size));
        if let (Some(old), Some(new)) = classes
            && layout.align() <= UNIT
        {
            if old == new {
                return block;
            }
            // The last block grows where it is.
            let more = new.bytes.saturating_sub(old.bytes);
            let is_last = block as usize + old.bytes == self.next.get();
            if more > 0 && is_last && self.end.get() - self.next.get() >= more {
                self.next.set(self.next.get() + more);
                return block;
            }
        }
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the caller promises that `size` is not 0 and that the block has this layout; the
        // new block is another one, of at least `size` bytes.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(block, moved, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

/// The heap that the linker has left room for, and what the memory grows by after it.
#[cfg(target_os = "unknown")]
mod linked {
    use std::ops::Range;

    use super::{Heap, UNIT};

    /// The size of a page of WebAssembly, in bytes.
    const PAGE: usize = 64 << 10;

    #[global_allocator]
    static HEAP: Heap = Heap::new(more);

    unsafe extern "C" {
        static __heap_base: u8;
        static __heap_end: u8;
    }

    fn more(bytes: usize) -> Range<usize> {
        let begin = (&raw const __heap_base) as usize;
        let end = (&raw const __heap_end) as usize;
        if HEAP.end.get() == 0 && end - begin >= bytes + UNIT {
            return begin..end;
        }
        // No more than is needed: what the host refuses is held against the call.
        let pages = bytes.div_ceil(PAGE);
        match core::arch::wasm32::memory_grow(0, pages) {
            usize::MAX => 0..0,
            former => former * PAGE..(former + pages) * PAGE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So much memory, of which nothing else knows.
    fn more(bytes: usize) -> Range<usize> {
        if bytes > 1 << 22 {
            return 0..0;
        }
        let part = vec![0_u8; 1 << 23].leak();
        let begin = part.as_ptr() as usize;
        begin..begin + part.len()
    }

    #[test]
    fn a_class_is_large_enough_and_not_much_larger() {
        for bytes in (0..5_000).chain([1 << 20, (1 << 20) + 1, 3 << 30]) {
            let class = Class::of(bytes).unwrap();
            assert!(
                class.bytes >= bytes && class.bytes.is_multiple_of(UNIT),
                "{bytes}"
            );
            assert!(
                class.bytes <= bytes + bytes / STEPS + UNIT,
                "{bytes}: {class:?}"
            );
            assert_eq!(Class::of(class.bytes), Some(class));
            assert!(class.index < CLASSES);
        }
        let distinct: std::collections::BTreeMap<_, _> = (0..5_000)
            .filter_map(Class::of)
            .map(|class| (class.index, class.bytes))
            .collect();
        assert!(
            distinct
                .iter()
                .zip(distinct.iter().skip(1))
                .all(|(a, b)| a.1 < b.1)
        );
        assert_eq!(Class::of(usize::MAX), None);
    }

    #[test]
    fn blocks_do_not_overlap_and_come_again() {
        let heap = Heap::new(more);
        let mut blocks: Vec<(*mut u8, Layout, u8)> = Vec::new();
        // A congruence instead of chance, so that a failure comes again.
        let mut number = 1_u64;
        for round in 0..20_000 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let chosen = usize::try_from(number >> 40).unwrap();
            let fill = u8::try_from(round % 251).unwrap();
            // SAFETY: every block is written within its layout, and given back once.
            unsafe {
                if blocks.len() > 200 || (blocks.len() > 3 && chosen.is_multiple_of(3)) {
                    let (block, layout, mark) = blocks.swap_remove(chosen % blocks.len());
                    let bytes = std::slice::from_raw_parts(block, layout.size());
                    assert!(bytes.iter().all(|byte| *byte == mark), "{layout:?}");
                    if chosen.is_multiple_of(2) {
                        heap.dealloc(block, layout);
                        continue;
                    }
                    let size = 1 + chosen % 3_000;
                    let moved = heap.realloc(block, layout, size);
                    let kept = std::slice::from_raw_parts(moved, size.min(layout.size()));
                    assert!(kept.iter().all(|byte| *byte == mark), "{layout:?}");
                    moved.write_bytes(fill, size);
                    let layout = Layout::from_size_align(size, layout.align()).unwrap();
                    blocks.push((moved, layout, fill));
                    continue;
                }
                let layout =
                    Layout::from_size_align(1 + chosen % 2_000, 1 << (chosen % 8)).unwrap();
                let block = heap.alloc(layout);
                assert!(block.addr().is_multiple_of(layout.align()));
                block.write_bytes(fill, layout.size());
                blocks.push((block, layout, fill));
            }
        }
        // SAFETY: as above.
        unsafe {
            let layout = Layout::from_size_align(100, 8).unwrap();
            let block = heap.alloc(layout);
            heap.dealloc(block, layout);
            assert_eq!(heap.alloc(layout), block);
            let too_large = Layout::from_size_align(1 << 30, 8).unwrap();
            assert!(heap.alloc(too_large).is_null());
        }
    }
}
