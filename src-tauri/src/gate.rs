//! Who may ask, and in what form. Capabilities say the same; this holds where one of them is changed by mistake.

use bca_protocol::{ErrorCode, UserError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tauri::{
    Runtime,
    ipc::{CommandArg, CommandItem, Invoke, InvokeBody, InvokeError},
};

use crate::window;

/// Lets only our own page in the main window reach `handler`.
pub fn guarded(handler: impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static) -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    move |invoke| {
        let page = invoke.message.webview_ref();
        if page.label() == window::MAIN && page.url().is_ok_and(|url| window::is_ours(&url)) {
            return handler(invoke);
        }
        tracing::warn!(webview = page.label(), command = invoke.message.command(), "a command from elsewhere was refused");
        invoke.resolver.reject(UserError::new(ErrorCode::Forbidden, "Only the app's own window can do this."));
        true
    }
}

/// A command's `params`. What doesn't fit is told as a [`UserError`], like every other fault.
pub struct Params<T>(pub T);

impl<'de, T: DeserializeOwned, R: Runtime> CommandArg<'de, R> for Params<T> {
    fn from_command(command: CommandItem<'de, R>) -> Result<Self, InvokeError> {
        let given = match command.message.payload() {
            InvokeBody::Json(arguments) => arguments.get(command.key),
            InvokeBody::Raw(_) => None,
        };
        T::deserialize(given.unwrap_or(&Value::Null)).map(Self).map_err(|e| {
            let text = format!("`{}` was called with something that it can't take: {e}.", command.name);
            InvokeError::from(UserError::new(ErrorCode::InvalidInput, text))
        })
    }
}
