//! `chat`: a conversation, line by line.

use bca_app::App;
use bca_protocol::AppInfo;

use crate::{
    args::{Approve, Chat},
    console::{Console, Form, Loudness},
    conversation::{Conversation, approver},
    exit::{Exit, Failure},
    follow::Then,
    narrator::Heading,
    paint::Style,
    render::words::{connection, value},
    signals::Signal,
};

const HELP: &str = "\
Write what you want in plain words and press Enter. Every change is put to you before it is made.
  /new    begin a new conversation
  /quit   leave (so does the end of input)
  /help   this
Ctrl-C stops a run; at the prompt it leaves.";

pub(super) async fn run(app: &App, chat: Chat, console: &mut Console) -> Result<Exit, Failure> {
    let approver = approver(app, console, Approve::Ask)?;
    let title = match chat.session {
        Some(id) => Some(app.session(id).await?.session.title),
        None => None,
    };
    if console.form == Form::People && console.loudness > Loudness::Quiet {
        greet(console, &app.info().await, title.as_deref());
    }
    let mut conversation = Conversation::new(app, console, chat.session, approver, Heading::Greeted)?;
    let worst = talk(&mut conversation, console).await?;
    if let (Form::People, Some(session)) = (console.form, conversation.session) {
        console.remark(&format!("conversation {session}"));
    }
    // A person has seen how each run ended; a script is told by the exit code.
    Ok(if console.can_ask() { Exit::Done } else { worst })
}

/// Where the changes would go and who answers, before anything else.
fn greet(console: &mut Console, info: &AppInfo, title: Option<&str>) {
    let paint = console.err.paint;
    let place = info.connection.as_ref().map_or_else(|| "No connection to Business Central yet".to_owned(), |place| connection(place, paint));
    console.say(&format!("{} {}", paint.text(Style::Bold, "BC Agent"), value(&info.version)));
    console.say(&place);
    console.say(&match info.demo_model {
        true => "Demo model: it reads English by rules; it is not Claude.".to_owned(),
        false => format!("Model: {} ({})", value(&info.model), value(&info.provider)),
    });
    for notice in &info.notices {
        console.say(&paint.text(Style::Warning, &format!("! {}", value(&notice.text))));
    }
    if let Some(missing) = &info.not_ready {
        console.say(&paint.text(Style::Warning, &format!("! {}", value(missing))));
    }
    if let Some(title) = title {
        console.say(&format!("Going on with: {}", value(title)));
    }
    console.remark("/help shows what you can do here.");
}

async fn talk(conversation: &mut Conversation<'_>, console: &mut Console) -> Result<Exit, Failure> {
    let mut worst = Exit::Done;
    loop {
        prompt(console);
        conversation.signals.standing().begin();
        let line = tokio::select! {
            biased;
            signal = conversation.signals.next() => match signal {
                Signal::Interrupt | Signal::Leave => None,
            },
            line = conversation.keyboard.next() => line,
        };
        let Some(line) = line else {
            if console.can_ask() {
                console.aside("\n");
            }
            return Ok(worst);
        };
        match line.text.trim() {
            "" => {}
            "/quit" | "/exit" => return Ok(worst),
            "/help" => console.say(HELP),
            "/new" => {
                conversation.session = None;
                console.remark("A new conversation begins with your next message.");
            }
            command if is_command(command) => console.say(&format!("There is no {}. /help shows what there is.", value(command))),
            text => {
                let (exit, then) = answered(conversation, console, text.to_owned()).await?;
                worst = worst.max(exit);
                if then == Then::Leave {
                    return Ok(worst);
                }
            }
        }
    }
}

/// One message; an error is told, and the conversation goes on.
async fn answered(conversation: &mut Conversation<'_>, console: &mut Console, text: String) -> Result<(Exit, Then), Failure> {
    match conversation.send(console, text).await {
        Ok(ended) => Ok(ended),
        Err(Failure::OutputClosed) => Err(Failure::OutputClosed),
        Err(Failure::Error(fault)) => {
            let sign = console.err.paint.text(Style::Bad, "error:");
            console.say(&format!("{sign} {}", value(&fault.message)));
            Ok((Exit::of(fault.code), Then::GoOn))
        }
    }
}

fn prompt(console: &mut Console) {
    if console.can_ask() {
        console.aside("\n> ");
    }
}

/// `/word` alone; a path or a date with slashes is a message.
fn is_command(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic()))
}
