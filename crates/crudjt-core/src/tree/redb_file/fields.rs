//! The keys or values of a page: one behind the other, of one width or with their ends stored before
//! them.

/// The keys or the values of a page, one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Fields<'p> {
    pub(super) bytes: &'p [u8],
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) layout: Layout<'p>,
}

impl<'p> Fields<'p> {
    #[inline(always)]
    pub(super) fn get(&self, at: usize) -> Option<&'p [u8]> {
        self.bytes.get(self.boundary(at)?..self.boundary(at + 1)?)
    }

    /// Where field `at` begins and the one before it ends.
    #[inline(always)]
    pub(super) fn boundary(&self, at: usize) -> Option<usize> {
        match self.layout {
            Layout::Fixed(width) => self.start.checked_add(width.checked_mul(at)?),
            Layout::Ends(_) if at == 0 => Some(self.start),
            Layout::Ends(ends) => usize::try_from(u32::from_le_bytes(*ends.get(at - 1)?)).ok(),
        }
    }

    /// The first of the ascending `u128` keys that is not below `key`, and whether it equals it.
    #[inline(always)]
    pub(super) fn find(&self, key: u128) -> Option<(usize, bool)> {
        let (keys, _) = array(self.bytes, self.start, self.count)?;
        let number = |stored: &[u8; 16]| u128::from_le_bytes(*stored);
        let at = keys.partition_point(|stored| number(stored) < key);
        Some((at, keys.get(at).is_some_and(|stored| number(stored) == key)))
    }
}

#[derive(Clone, Copy)]
pub(super) enum Layout<'p> {
    Fixed(usize),
    Ends(&'p [[u8; 4]]),
}

impl<'p> Layout<'p> {
    /// The layout of `count` fields whose ends, if stored, are at `at`; also gives where those end.
    #[inline(always)]
    pub(super) fn parse(
        bytes: &'p [u8],
        at: usize,
        width: Option<usize>,
        count: usize,
    ) -> Option<(Layout<'p>, usize)> {
        match width {
            Some(width) => Some((Layout::Fixed(width), at)),
            None => array(bytes, at, count).map(|(ends, end)| (Layout::Ends(ends), end)),
        }
    }
}

/// `count` fields of `N` bytes at `at`, and where they end.
#[inline(always)]
pub(super) fn array<const N: usize>(
    bytes: &[u8],
    at: usize,
    count: usize,
) -> Option<(&[[u8; N]], usize)> {
    let end = at + N * count;
    Some((bytes.get(at..end)?.as_chunks().0, end))
}
