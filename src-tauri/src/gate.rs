//! Who may ask, and in what form. Capabilities say the same; this holds where one of them is changed by mistake.

use std::{error::Error, sync::Arc};

use bca_app::{ActiveRun, App};
use bca_desktop::Coalescer;
use bca_protocol::{ErrorCode, EventSink, StartedRun, UserError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tauri::{
    AppHandle, Manager as _, State, Webview,
    ipc::{Invoke, InvokeBody, InvokeError, IpcResponse, JavaScriptChannelId},
};

use crate::{
    app::{Shell, broadcast},
    window,
};

/// What carries a command out.
pub type Command = fn(Invoke);

/// Finds a command by its name.
pub type Route = fn(&str) -> Option<Command>;

/// Lets only our own page in the main window reach `routes`.
pub fn guarded(routes: &'static [Route]) -> impl Fn(Invoke) -> bool + Send + Sync + 'static {
    move |invoke| {
        let page = invoke.message.webview_ref();
        if page.label() == window::MAIN && page.url().is_ok_and(|url| window::is_ours(&url)) {
            let command = routes.iter().find_map(|route| route(invoke.message.command()));
            return command.map(|command| command(invoke)).is_some();
        }
        tracing::warn!(webview = page.label(), command = invoke.message.command(), "a command from elsewhere was refused");
        invoke.resolver.reject(UserError::new(ErrorCode::Forbidden, "Only the app's own window can do this."));
        true
    }
}

/// A command on its way: who asks, and what a command may want besides its parameters.
pub struct Ask {
    page: Webview,
    arguments: Value,
}

impl Ask {
    /// The app, as soon as its home is open.
    ///
    /// # Errors
    /// Why the home could not be opened.
    pub async fn app(&self) -> Result<App, UserError> {
        self.shell().app().await
    }

    pub fn shell(&self) -> State<'_, Shell> {
        self.page.state()
    }

    pub fn handle(&self) -> &AppHandle {
        self.page.app_handle()
    }

    /// Tells the page that the list of conversations is another one now.
    pub fn sessions_changed(&self) {
        broadcast(self.handle(), "sessions_changed", Value::Null);
    }

    /// The list of conversations shows a run from now on, and that it is over when it is.
    pub fn run_started(self, run: ActiveRun) -> StartedRun {
        self.sessions_changed();
        tauri::async_runtime::spawn(async move {
            // However it ended, even by a fault of ours.
            let _ = run.done.await;
            self.sessions_changed();
        });
        run.started
    }

    /// The page that asked gets the events; one that was loaded in its place asks for itself.
    ///
    /// # Errors
    /// The page gave no channel.
    pub fn channel(&self) -> Result<Arc<dyn EventSink>, UserError> {
        let id = self.arguments.get("channel").and_then(Value::as_str).and_then(|id| id.parse::<JavaScriptChannelId>().ok());
        let Some(id) = id else { return Err(UserError::new(ErrorCode::InvalidInput, "There is no channel for the events of the run.")) };
        let channel = id.channel_on::<_, String>(self.page.clone());
        let is_there = self.shell().this_page();
        let runtime = tauri::async_runtime::handle().inner().clone();
        Ok(Coalescer::new(runtime, move |events| {
            if is_there()
                && let Err(fault) = exactly(&events).and_then(|text| Ok(channel.send(text)?))
            {
                tracing::warn!(%fault, "events could not be sent to the page");
            }
        }))
    }

    fn params<T: DeserializeOwned>(&self) -> Result<T, UserError> {
        let given = self.arguments.get("params").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        serde_json::from_value(given)
            .map_err(|e| UserError::new(ErrorCode::InvalidInput, format!("The command was called with something that it can't take: {e}.")))
    }
}

/// JSON as text: the page reads amounts from it without a float in between.
///
/// # Errors
/// It cannot be written, which would be a fault of ours.
pub fn exactly<T: Serialize>(answer: &T) -> Result<String, Box<dyn Error + Send + Sync>> {
    Ok(serde_json::to_string(answer)?)
}

/// Reads the parameters and sends the command's answer back to the page. What doesn't fit is told as a [`UserError`], like every
/// other fault.
pub fn answer<P, T, F>(invoke: Invoke, command: impl FnOnce(Ask, P) -> F + Send + 'static)
where
    P: DeserializeOwned + Send + 'static,
    T: IpcResponse + Send + 'static,
    F: Future<Output = Result<T, UserError>> + Send,
{
    let arguments = match invoke.message.payload() {
        InvokeBody::Json(arguments) => arguments.clone(),
        InvokeBody::Raw(_) => Value::Null,
    };
    let ask = Ask { page: invoke.message.webview(), arguments };
    invoke.resolver.respond_async(async move {
        match ask.params() {
            Ok(params) => command(ask, params).await.map_err(InvokeError::from),
            Err(fault) => Err(fault.into()),
        }
    });
}

/// Commands as docs/protocol.md lists them: `async fn NAME(ask, PARAMS) -> ANSWER { ... }`, where PARAMS are `{ field: Type, ... }`,
/// `name: Type` for a type of the protocol that is all of them, or nothing. The body may fail with a [`UserError`]; its end is the
/// answer. The module's `route` finds them by name.
macro_rules! commands {
    ($(async fn $name:ident($ask:ident $(, $params:ident : $whole:ty)? $(, { $($field:ident : $type:ty),* })?) -> $answer:ty $body:block)*) => {
        pub fn route(name: &str) -> Option<$crate::gate::Command> {
            match name {
                $(stringify!($name) => Some($name),)*
                _ => None,
            }
        }
        $(fn $name(invoke: ::tauri::ipc::Invoke) {
            $crate::gate::commands!(@answer invoke, $answer, $body, $ask $(, $params: $whole)? $(, { $($field: $type),* })?);
        })*
    };
    (@answer $invoke:ident, $answer:ty, $body:block, $ask:ident, $params:ident : $whole:ty) => {
        $crate::gate::answer($invoke, async move |$ask: $crate::gate::Ask, $params: $whole| -> Result<$answer, ::bca_protocol::UserError> { Ok($body) })
    };
    (@answer $invoke:ident, $answer:ty, $body:block, $ask:ident $(, { $($field:ident : $type:ty),* })?) => {{
        #[derive(::serde::Deserialize)]
        struct Params { $($($field: $type),*)? }
        $crate::gate::answer($invoke, async move |$ask: $crate::gate::Ask, Params { $($($field),*)? }: Params| -> Result<$answer, ::bca_protocol::UserError> {
            Ok($body)
        })
    }};
}
pub(crate) use commands;
