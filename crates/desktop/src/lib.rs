//! What a desktop app needs beside its window, and what needs no window to be tested: its arguments, its two homes, links in and
//! out, notifications, and a run's events gathered by the frame. The window itself, and all that knows Tauri, is in `src-tauri`.

mod arguments;
mod coalescer;
mod homes;
pub mod link;
pub mod notice;
pub mod opener;

pub use arguments::{Arguments, instance_name};
pub use coalescer::Coalescer;
pub use homes::Homes;
