//! One file, played by command: what the npm package's decoder stands on (`web::embed`), and all of it that needs no browser.

use super::{Player, Repeat, State};
use crate::error::Error;
use crate::render::{RenderInfo, Source};
use crate::source::file::FileInfo;
use crate::source::player::MediaSource;
use std::collections::VecDeque;

/// What whoever watches has to know.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Other sound is given out from here on: the file's beginning, another pass of it, or what was sought.
    Stretch {
        /// Its first frame's position in the ring, in frames since the output began.
        at: u64,
        /// The second of the file that this frame is.
        seconds: f64,
        /// The number of the seek that led here, if one did.
        seek: Option<u32>,
    },
    /// The sound is over.
    Ended {
        /// Position in the ring of the first frame that is not there.
        at: u64,
    },
    /// It cannot be played (on): what was decoded before is.
    Failed(Error),
}

/// A [`Player`] of one file that can be sought in and repeated while it plays, and tells where in the file each frame of the ring comes from.
pub struct Solo {
    player: Player,
    jumped: bool,
    /// A seek that no frame came of yet: its number, and where it goes.
    seek: Option<(u32, f64)>,
    over: bool,
    news: VecDeque<News>,
}

impl Solo {
    /// Opens a file and decodes its first sound. `sample_rate` and `channels` are the output's.
    ///
    /// # Errors
    /// [`Error::File`] if nothing of it can be played; [`Error::OutOfRange`] for the output's figures.
    pub fn open(media: Box<dyn MediaSource>, name: &str, sample_rate: f32, channels: usize) -> Result<Solo, Error> {
        let mut solo = Solo {
            player: Player::play_file(media, name, sample_rate, channels)?,
            jumped: false,
            seek: None,
            over: false,
            news: VecDeque::with_capacity(64),
        };
        solo.ask();
        Ok(solo)
    }

    /// What is known of the file.
    pub fn info(&self) -> Option<&FileInfo> {
        self.player.info(0)
    }

    /// Goes to a second of the file; to its end if that is further. The answer is a [`News::Stretch`] with this number, or none where another seek follows before a frame came of this one.
    pub fn seek(&mut self, number: u32, seconds: f64) {
        let seconds = if seconds.is_nan() {
            0.0
        } else {
            seconds.clamp(0.0, super::FURTHEST)
        };
        // There is an item, and the second is in range.
        if self.player.seek(0, seconds).is_ok() {
            self.seek = Some((number, seconds));
            self.jumped = true;
            self.over = false;
        }
    }

    /// Whether the file begins again after its end, without a gap.
    pub fn set_loop(&mut self, on: bool) {
        let repeat = if on { Repeat::One } else { Repeat::None };
        if self.player.set_repeat(repeat) == repeat || self.over || self.seek.is_some() {
            return;
        }
        // What was decoded ahead may go beyond the end, or stop there. What lies in the ring stays: the sound goes on where it is.
        if let Some(here) = self.player.here {
            let _ = self.player.again(0, here.frame as f64 / f64::from(self.player.sample_rate()));
        }
    }

    /// The oldest news not asked for yet.
    pub fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Asks the player for what went wrong.
    fn ask(&mut self) {
        for failure in self.player.take_failures() {
            self.news.push_back(News::Failed(failure.error));
        }
    }
}

impl Source for Solo {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let frames = block.len() / info.channels;
        let before = self.player.given;
        let mut written = 0;
        while written < frames {
            let filled = self.player.fill(&mut block[written * info.channels..]);
            written += filled.frames;
            // Nobody decodes for it elsewhere: there is nothing to wait for.
            if filled.state != State::Go {
                break;
            }
        }
        while let Some(segment) = self.player.next_segment() {
            self.news.push_back(News::Stretch {
                at: info.ring_position + (segment.at - before),
                seconds: segment.seconds,
                seek: self.seek.take().map(|(number, _)| number),
            });
        }
        if written < frames {
            // A seek to the end, or to what cannot be decoded.
            if let Some((number, seconds)) = self.seek.take() {
                self.news.push_back(News::Stretch {
                    at: info.ring_position,
                    seconds,
                    seek: Some(number),
                });
            }
            self.over = true;
            self.news.push_back(News::Ended {
                at: info.ring_position + written as u64,
            });
        }
        self.ask();
        written
    }

    fn jumped(&mut self) -> bool {
        std::mem::take(&mut self.jumped)
    }

    fn prepare(&mut self) -> bool {
        let more = self.player.prepare();
        self.ask();
        more
    }

    fn failure(&self) -> Option<String> {
        self.player.failure()
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::error::FileProblem;
    use std::io::Cursor;

    const RATE: u32 = 48_000;
    const FRAMES: u16 = 30_000;

    /// A mono file at the output's rate whose frame n is n / 32768.
    fn numbered() -> Vec<u8> {
        let data = 2 * u32::from(FRAMES);
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + data).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(RATE.to_le_bytes());
        bytes.extend((2 * RATE).to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(data.to_le_bytes());
        bytes.extend((0..FRAMES).flat_map(u16::to_le_bytes));
        bytes
    }

    fn open(bytes: Vec<u8>) -> Result<Solo, Error> {
        Solo::open(Box::new(Cursor::new(bytes)), "made.wav", RATE as f32, 1)
    }

    /// Renders up to `frames` frames as if they came to `ring_position`; which frames of the file they are.
    fn take(solo: &mut Solo, frames: usize, ring_position: u64) -> Vec<i64> {
        let mut block = vec![f32::NAN; frames];
        let info = RenderInfo {
            position: 0,
            ring_position,
            sample_rate: RATE as f32,
            channels: 1,
            heard_in: 0.0,
            underruns: 0,
        };
        let written = solo.render(&mut block, &info);
        while solo.prepare() {}
        block[..written].iter().map(|sample| (sample * 32_768.0) as i64).collect()
    }

    fn news(solo: &mut Solo) -> Vec<News> {
        std::iter::from_fn(|| solo.news()).collect()
    }

    fn stretch(at: u64, frame: u32, seek: Option<u32>) -> News {
        News::Stretch {
            at,
            seconds: f64::from(frame) / f64::from(RATE),
            seek,
        }
    }

    fn counted(from: i64, to: i64) -> Vec<i64> {
        (from..to).collect()
    }

    #[test]
    fn plays_to_the_end_and_says_where() {
        let mut solo = open(numbered()).unwrap();
        assert_eq!(solo.info().unwrap().seconds, Some(f64::from(FRAMES) / f64::from(RATE)));
        assert_eq!(take(&mut solo, 20_000, 500), counted(0, 20_000));
        assert_eq!(news(&mut solo), [stretch(500, 0, None)]);
        assert_eq!(take(&mut solo, 20_000, 20_500), counted(20_000, 30_000));
        assert_eq!(news(&mut solo), [News::Ended { at: 30_500 }]);
    }

    #[test]
    fn seeks_to_the_frame_also_from_the_end_and_says_which_seek_it_was() {
        let mut solo = open(numbered()).unwrap();
        take(&mut solo, 1_000, 0);
        news(&mut solo);
        assert!(!solo.jumped());
        // The first one is not answered: nothing came of it.
        solo.seek(1, 0.1);
        solo.seek(2, 12_345.0 / f64::from(RATE));
        assert!(solo.jumped() && !solo.jumped());
        assert_eq!(take(&mut solo, 100, 1_000), counted(12_345, 12_445));
        assert_eq!(news(&mut solo), [stretch(1_000, 12_345, Some(2))]);
        take(&mut solo, 30_000, 1_100);
        assert!(matches!(news(&mut solo)[..], [News::Ended { .. }]));
        solo.seek(3, -1.0);
        assert_eq!(take(&mut solo, 100, 40_000), counted(0, 100));
        assert_eq!(news(&mut solo), [stretch(40_000, 0, Some(3))]);
        solo.seek(4, f64::NAN);
        assert_eq!(take(&mut solo, 100, 40_100), counted(0, 100));
        // Beyond its end it ends, and says so.
        solo.seek(5, 1e9);
        assert!(take(&mut solo, 100, 50_000).is_empty());
        assert!(matches!(
            news(&mut solo)[1..],
            [
                News::Stretch {
                    at: 50_000,
                    seek: Some(5),
                    ..
                },
                News::Ended { at: 50_000 }
            ]
        ));
    }

    #[test]
    fn repeats_without_a_gap_from_when_it_is_told_until_it_is_told_not_to() {
        let mut solo = open(numbered()).unwrap();
        // All of it is decoded already, to its end.
        assert_eq!(take(&mut solo, 29_900, 0), counted(0, 29_900));
        solo.set_loop(true);
        assert_eq!(take(&mut solo, 200, 29_900), [counted(29_900, 30_000), counted(0, 100)].concat());
        assert_eq!(
            news(&mut solo),
            [stretch(0, 0, None), stretch(29_900, 29_900, None), stretch(30_000, 0, None)]
        );
        // The next pass is decoded already.
        assert_eq!(take(&mut solo, 29_800, 30_100), counted(100, 29_900));
        solo.set_loop(false);
        assert_eq!(take(&mut solo, 200, 59_900), counted(29_900, 30_000));
        assert_eq!(news(&mut solo)[1..], [News::Ended { at: 60_000 }]);
    }

    #[test]
    fn what_cannot_be_played_is_refused_and_what_is_cut_off_plays_to_the_cut() {
        let problem = |error: Error| match error {
            Error::File { problem, .. } => problem,
            other => panic!("{other}"),
        };
        assert_eq!(problem(open(Vec::new()).err().unwrap()), FileProblem::Empty);
        assert_eq!(problem(open(vec![7; 10_000]).err().unwrap()), FileProblem::NotAudio);
        let mut solo = open(numbered()[..44 + 2 * 10_000].to_vec()).unwrap();
        assert_eq!(take(&mut solo, 20_000, 0).len(), 10_000);
        let failures = news(&mut solo).into_iter().filter_map(|news| match news {
            News::Failed(error) => Some(problem(error)),
            _ => None,
        });
        assert_eq!(failures.collect::<Vec<_>>(), [FileProblem::CutOff]);
    }
}
