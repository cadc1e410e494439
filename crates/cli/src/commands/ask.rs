//! `ask`: one message through the whole loop.

use bca_app::App;

use crate::{
    args::Ask,
    console::{Console, Form},
    conversation::{Conversation, approver},
    exit::{Exit, Failure},
    keyboard::read_all,
    narrator::Heading,
};

pub(super) async fn run(app: &App, ask: Ask, console: &mut Console) -> Result<Exit, Failure> {
    let approver = approver(app, console, ask.approve)?;
    let text = match ask.prompt.as_slice() {
        [only] if only == "-" => read_all("The message")?,
        words => words.join(" "),
    };
    let mut files = Vec::with_capacity(ask.attach.len());
    for path in &ask.attach {
        files.push(app.attach_path(path).await?);
    }
    let text = bca_app::with_files(&text, &files)?;
    let mut conversation = Conversation::new(app, console, ask.session, approver, Heading::EachRun)?;
    let (exit, _) = conversation.send(console, text).await?;
    if let (Form::People, Some(session), None) = (console.form, conversation.session, ask.session) {
        console.remark(&format!("conversation {session}"));
    }
    Ok(exit)
}
