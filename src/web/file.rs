//! A file of the page (or any other blob), read in slices by the worker.

use std::io::{self, Read, Seek, SeekFrom};

use js_sys::Uint8Array;
use symphonia::core::io::MediaSource;
use web_sys::{Blob, FileReaderSync};

/// Bytes read at once: a good second of a lossless file.
const SLICE: u64 = 256 * 1024;

thread_local! {
    /// Files opened by this worker, by handle. `MediaSource` must be `Send + Sync`, which no JS value is; a handle is, and it works on its own thread only.
    static FILES: std::cell::RefCell<Vec<Option<(Blob, FileReaderSync)>>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// A JS `Blob`, read with `FileReaderSync` (workers only).
#[derive(Debug)]
pub(super) struct FileMedia {
    handle: usize,
    /// Length when it was opened, in bytes.
    length: u64,
    position: u64,
    /// The slice read last and where it begins.
    slice: Vec<u8>,
    slice_at: u64,
}

impl FileMedia {
    /// Opens `file` for reading.
    pub(super) fn open(file: &Blob) -> Result<Self, String> {
        let reader = FileReaderSync::new().map_err(|_| "files can be read in a worker only")?;
        let length = file.size() as u64;
        let handle = FILES.with_borrow_mut(|files| {
            let free = files.iter().position(Option::is_none).unwrap_or(files.len());
            files.resize_with(files.len().max(free + 1), || None);
            files[free] = Some((file.clone(), reader));
            free
        });
        Ok(FileMedia {
            handle,
            length,
            position: 0,
            slice: Vec::new(),
            slice_at: 0,
        })
    }

    /// Reads the slice that begins at `position`.
    fn load(&mut self) -> io::Result<()> {
        let end = (self.position + SLICE).min(self.length);
        let bytes = FILES.with_borrow(|files| {
            let (file, reader) = files.get(self.handle)?.as_ref()?;
            let blob = file.slice_with_f64_and_f64(self.position as f64, end as f64).ok()?;
            reader.read_as_array_buffer(&blob).ok()
        });
        let bytes = bytes.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "the file can no longer be read: it was changed, moved or removed",
            )
        })?;
        self.slice = Uint8Array::new(&bytes).to_vec();
        self.slice_at = self.position;
        Ok(())
    }
}

impl Read for FileMedia {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.length || to.is_empty() {
            return Ok(0);
        }
        if !(self.slice_at..self.slice_at + self.slice.len() as u64).contains(&self.position) {
            self.load()?;
        }
        let rest = &self.slice[(self.position - self.slice_at) as usize..];
        let count = rest.len().min(to.len());
        to[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for FileMedia {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a position before the file's beginning"))?;
        Ok(self.position)
    }
}

impl MediaSource for FileMedia {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}

impl Drop for FileMedia {
    fn drop(&mut self) {
        // On another thread than its own (which nothing does) the handle means nothing, and nothing is dropped.
        let _ = FILES.try_with(|files| {
            if let Some(file) = files.borrow_mut().get_mut(self.handle) {
                *file = None;
            }
        });
    }
}
