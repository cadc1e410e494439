//! A window with one line of text: what Tauri and the web view cost by themselves. `cargo xtask bench --only window` holds the app
//! against it. It prints when its second frame was drawn, in milliseconds since 1970.

use tauri::{
    WebviewUrl, WebviewWindowBuilder,
    http::{HeaderValue, Response, header::CONTENT_TYPE},
};

const PAGE: &str = "<!doctype html><title>Bare</title><p>Hello.</p><script>\
    requestAnimationFrame(() => requestAnimationFrame(() => {\
        const { startTime } = performance.mark('second-frame');\
        document.title = Math.round(performance.timeOrigin + startTime) }))</script>";

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .register_uri_scheme_protocol("bare", |_context, _request| {
            let mut response = Response::new(PAGE.as_bytes().to_vec());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            response
        })
        .setup(|app| {
            let page = WebviewUrl::CustomProtocol(tauri::Url::parse("bare://localhost/")?);
            let window = WebviewWindowBuilder::new(app, "bare", page).title("Bare").inner_size(1280.0, 800.0);
            window.on_document_title_changed(|_window, title| println!("{title}")).build()?;
            Ok(())
        })
        .run(tauri::generate_context!())
}
