//! `search`: words in all messages and tool results.

use std::collections::HashSet;

use bca_app::App;
use bca_protocol::SearchHit;
use serde::Serialize;

use crate::{
    args::Search,
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    paint::{Paint, Style},
    render::words::{moment, value},
};

#[derive(Serialize)]
struct Hits<'a> {
    hits: &'a [SearchHit],
}

pub(super) async fn run(app: &App, search: Search, console: &mut Console) -> Result<Exit, Failure> {
    let hits = app.search(&search.query.join(" "), usize::from(search.limit)).await?;
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&Hits { hits: &hits })?,
        (Form::People, Loudness::Quiet) => {
            let mut told = HashSet::new();
            hits.iter().map(|hit| hit.session_id).filter(|id| told.insert(*id)).try_for_each(|id| console.print(&format!("{id}\n")))?;
        }
        (Form::People, _) if hits.is_empty() => console.remark("Nothing was found."),
        (Form::People, _) => hits.iter().try_for_each(|hit| console.print(&shown(hit, console.out.paint)))?,
    }
    Ok(Exit::Done)
}

fn shown(hit: &SearchHit, paint: Paint) -> String {
    let head =
        format!("{} {}", paint.text(Style::Bold, &value(&hit.session_title)), paint.text(Style::Dim, &format!("{} · {}", moment(hit.at), hit.session_id)));
    format!("{head}\n  {}\n", snippet(&hit.snippet, paint))
}

/// The words around the place, on one line; what was found stands out.
fn snippet(text: &str, paint: Paint) -> String {
    let mut shown = String::new();
    for (i, piece) in text.split(['\u{2}', '\u{3}']).enumerate() {
        let found = i % 2 == 1;
        let piece = value(&piece.replace(['\n', '\r', '\t'], " "));
        shown.push_str(&if found { paint.text(Style::Warning, &piece) } else { piece });
    }
    shown
}
