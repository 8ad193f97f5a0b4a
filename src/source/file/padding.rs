//! What a Matroska or WebM file says its encoder added at the end: the last block's DiscardPadding (RFC 9559, 5.1.3.5.7), which symphonia
//! 0.6.1 does not pass on.

use std::io::SeekFrom;
use symphonia::core::io::MediaSource;

/// Bytes at the file's end in which the last cluster is looked for: 16 s at 128 kbit/s.
const TAIL_BYTES: u64 = 256 * 1024;

/// The last packet of a file, and what is not to be heard of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Padding {
    packet: Vec<u8>,
    /// Of the packet, in units of the file's clock, before the codec's delay is taken off.
    time: i64,
    /// What was added, in nanoseconds.
    pub(super) nanoseconds: u64,
}

impl Padding {
    /// Finds it; `None` if there is none, or the file is no Matroska or WebM. The position in `media` is anywhere afterwards.
    pub(super) fn read(media: &mut dyn MediaSource) -> Option<Padding> {
        let len = media.byte_len().filter(|_| media.is_seekable())?;
        let mut magic = [0; 4];
        media.seek(SeekFrom::Start(0)).ok()?;
        media.read_exact(&mut magic).ok()?;
        if magic != [0x1A, 0x45, 0xDF, 0xA3] {
            return None;
        }
        let mut tail = vec![0; len.min(TAIL_BYTES) as usize];
        media.seek(SeekFrom::Start(len - tail.len() as u64)).ok()?;
        media.read_exact(&mut tail).ok()?;
        // Its identifier has four bytes, so that it can be found without what is in front.
        let cluster = tail.windows(4).rposition(|bytes| bytes == [0x1F, 0x43, 0xB6, 0x75])?;
        in_cluster(&tail[cluster + 4..])
    }

    /// Whether this is the packet: the same bytes, within a tenth of a second. `delay` units at most were taken off its time.
    pub(super) fn is_of(&self, packet: &[u8], time: i64, delay: i64) -> bool {
        self.packet == packet && (-1..=delay.max(0) + 1).contains(&self.time.saturating_sub(time))
    }
}

fn in_cluster(bytes: &[u8]) -> Option<Padding> {
    let (_, mut rest) = number(bytes, true)?;
    let (mut clock, mut last) = (None, None);
    while let Some((id, body, next)) = element(rest) {
        match id {
            // Timestamp.
            0xE7 => clock = whole(body),
            // BlockGroup, SimpleBlock: of the last one only.
            0xA0 => last = clock.and_then(|clock| in_group(body, clock)),
            0xA3 => last = None,
            _ => {}
        }
        rest = next;
    }
    last
}

fn in_group(mut rest: &[u8], clock: u64) -> Option<Padding> {
    let (mut block, mut padding) = (None, None);
    while let Some((id, body, next)) = element(rest) {
        match id {
            0xA1 => block = Some(body),
            0x75A2 => padding = whole(body),
            _ => {}
        }
        rest = next;
    }
    let (_, block) = number(block?, true)?;
    let (&[high, low, flags], packet) = block.split_first_chunk()?;
    // Several packets in a block cannot be told apart here; a negative padding (all ones in front) would be silence to add.
    let nanoseconds = padding.filter(|padding| flags & 6 == 0 && (1..1_000_000_000).contains(padding))?;
    Some(Padding {
        packet: packet.to_vec(),
        time: i64::try_from(clock).ok()?.checked_add(i64::from(i16::from_be_bytes([high, low])))?,
        nanoseconds,
    })
}

/// The element at the beginning: its identifier, what is in it, what follows.
fn element(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (id, rest) = number(bytes, false)?;
    let (size, rest) = number(rest, true)?;
    let (body, next) = rest.split_at_checked(usize::try_from(size).ok()?)?;
    Some((id, body, next))
}

/// A number that tells its length by its leading zeros; without the bit that ends them if it is a size (RFC 8794, 4).
fn number(bytes: &[u8], size: bool) -> Option<(u64, &[u8])> {
    let first = *bytes.first()?;
    let count = first.leading_zeros() as usize + 1;
    let (number, rest) = bytes.split_at_checked(count).filter(|_| count <= 8)?;
    let marked = whole(number)?;
    Some((if size { marked & !(1 << (7 * count)) } else { marked }, rest))
}

/// Up to eight bytes, big-endian.
fn whole(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn file() -> Vec<u8> {
        let group = [0xA1, 0x87, 0x81, 0, 20, 0, 7, 8, 9, 0x75, 0xA2, 0x83, 0x0D, 0xF2, 0x0C];
        let mut cluster = vec![0xE7, 0x82, 0x13, 0x88, 0xA3, 0x85, 0x81, 0, 0, 0, 5, 0xA0, 0x80 + group.len() as u8];
        cluster.extend(group);
        let mut bytes = vec![0x1A, 0x45, 0xDF, 0xA3, 0x80, 0x1F, 0x43, 0xB6, 0x75, 0x80 + cluster.len() as u8];
        bytes.extend(cluster);
        bytes
    }

    #[test]
    fn the_last_blocks_padding_is_found() {
        let found = Padding::read(&mut Cursor::new(file())).unwrap();
        assert_eq!((found.time, found.nanoseconds), (5_020, 913_932));
        assert!(found.is_of(&[7, 8, 9], 5_013, 7) && !found.is_of(&[7, 8, 9], 4_900, 7) && !found.is_of(&[7, 8], 5_013, 7));
    }

    #[test]
    fn damage_does_no_harm() {
        let original = file();
        for at in 0..original.len() {
            Padding::read(&mut Cursor::new(original[..at].to_vec()));
            for value in 0..=255 {
                let mut bytes = original.clone();
                bytes[at] = value;
                Padding::read(&mut Cursor::new(bytes));
            }
        }
    }
}
