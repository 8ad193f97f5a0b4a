//! What plays: cover, title, artist and album, what kind of file it is.

use wasm_bindgen::JsValue;
use web_sys::{Blob, HtmlImageElement, Url};

use super::words::{Channels, Kind, Rate};
use crate::lab::dom::{Text, element};
use crate::source::file::Tags;
use crate::web::page::TrackInfo;

/// The elements `#title`, `#artist`, `#format` and `#cover`.
#[derive(Debug)]
pub(super) struct About {
    title: Text,
    artist: Text,
    format: Text,
    cover: HtmlImageElement,
    shown: Option<Blob>,
    /// The picture's address, which keeps it in memory until it is revoked.
    picture: Option<String>,
}

impl About {
    pub(super) fn find() -> Result<Self, JsValue> {
        Ok(About {
            title: Text::of("title")?,
            artist: Text::of("artist")?,
            format: Text::of("format")?,
            cover: element("cover")?,
            shown: None,
            picture: None,
        })
    }

    /// Another file: only its name is known.
    pub(super) fn begin(&mut self, name: &str) {
        self.title.show(name);
        self.artist.show("");
        self.format.show("");
        self.show_cover(None);
    }

    /// What the file says about itself. Without a title it goes by its `name`.
    pub(super) fn show_tags(&mut self, name: &str, tags: &Tags) {
        self.title.show(tags.title.as_deref().unwrap_or(name));
        match (tags.artist.as_deref(), tags.album.as_deref()) {
            (Some(artist), Some(album)) => self.artist.show(format_args!("{artist}, {album}")),
            (one, other) => self.artist.show(one.or(other).unwrap_or_default()),
        }
    }

    /// What is in the file.
    pub(super) fn show_info(&mut self, info: &TrackInfo) {
        let kind = Kind {
            format: &info.format,
            codec: &info.codec,
        };
        let by = if info.by_browser { "the browser" } else { "Noxrun" };
        let (rate, channels) = (Rate(info.sample_rate), Channels(info.channels));
        self.format.show(format_args!("{kind}, {rate}, {channels}, decoded by {by}"));
    }

    /// A picture, or none.
    pub(super) fn show_cover(&mut self, picture: Option<&Blob>) {
        if picture == self.shown.as_ref() {
            return;
        }
        self.shown = picture.cloned();
        if let Some(old) = self.picture.take() {
            let _ = Url::revoke_object_url(&old);
        }
        self.picture = picture.and_then(|picture| Url::create_object_url_with_blob(picture).ok());
        match &self.picture {
            Some(address) => self.cover.set_src(address),
            None => {
                let _ = self.cover.remove_attribute("src");
            }
        }
        self.cover.set_hidden(self.picture.is_none());
    }
}
