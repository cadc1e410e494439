//! `doctor`: what is set up, what is missing, what to do about it.

use bca_app::{App, Config};
use bca_protocol::{CheckState, DoctorCheck};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::{
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    paint::{Paint, Style},
    render::{
        table::{Side, pad},
        words::value,
    },
};

#[derive(Serialize)]
struct Checks<'a> {
    checks: &'a [DoctorCheck],
}

pub(super) async fn run(config: &Config, console: &mut Console) -> Result<Exit, Failure> {
    let checks = App::doctor(config).await;
    match console.form {
        Form::Json => console.json(&Checks { checks: &checks })?,
        Form::People => {
            let shown: Vec<&DoctorCheck> = checks.iter().filter(|check| console.loudness > Loudness::Quiet || check.state != CheckState::Ok).collect();
            console.print(&page(&shown, console.out.paint))?;
        }
    }
    let has_problem = checks.iter().any(|check| check.state == CheckState::Problem);
    Ok(if has_problem { Exit::Failed } else { Exit::Done })
}

fn page(checks: &[&DoctorCheck], paint: Paint) -> String {
    let width = checks.iter().map(|check| check.name.width()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let (sign, style) = match check.state {
            CheckState::Ok => ("✓", Style::Good),
            CheckState::Warning => ("!", Style::Warning),
            CheckState::Problem => ("✗", Style::Bad),
        };
        text.push_str(&format!("{} {}  {}\n", paint.text(style, sign), pad(&value(&check.name), width, Side::Left), value(&check.message)));
        if let Some(remedy) = &check.remedy {
            text.push_str(&format!("  {}  → {}\n", " ".repeat(width), value(remedy)));
        }
    }
    text
}
