//! A tray: the part of a desktop that icons register with, on the session bus.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use zbus::{
    Connection, interface,
    message::Header,
    zvariant::{OwnedObjectPath, OwnedValue},
};

use crate::{desk::Desk, driver::wait_for};

/// An entry of a menu (`com.canonical.dbusmenu`): id, properties, entries below it.
type MenuNode = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// Bus name and object of each icon.
type Icons = Arc<Mutex<Vec<(String, String)>>>;

struct Watcher(Icons);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, object: String, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        self.0.lock().unwrap().push((sender, object));
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        vec![]
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// It is there until it is dropped.
pub struct Tray {
    bus: Connection,
    icons: Icons,
}

impl Tray {
    pub async fn open(desk: &Desk) -> Self {
        let icons = Icons::default();
        let builder = zbus::connection::Builder::address(desk.bus.as_str()).unwrap();
        let builder = builder.name("org.kde.StatusNotifierWatcher").unwrap().serve_at("/StatusNotifierWatcher", Watcher(Arc::clone(&icons))).unwrap();
        Self { bus: builder.build().await.unwrap(), icons }
    }

    /// The texts in the menu of the app's icon.
    pub async fn menu(&self) -> String {
        wait_for("an icon in the tray", async || !self.icons.lock().unwrap().is_empty()).await;
        let (service, object) = self.icons.lock().unwrap()[0].clone();
        let arguments = ("org.kde.StatusNotifierItem", "Menu");
        let answer = self.bus.call_method(Some(service.as_str()), object.as_str(), Some("org.freedesktop.DBus.Properties"), "Get", &arguments).await.unwrap();
        let menu = OwnedObjectPath::try_from(answer.body().deserialize::<OwnedValue>().unwrap()).unwrap();
        let arguments = (0_i32, -1_i32, vec!["label"]);
        let answer = self.bus.call_method(Some(service.as_str()), menu.as_str(), Some("com.canonical.dbusmenu"), "GetLayout", &arguments).await.unwrap();
        let body = answer.body();
        let (_, (_, _, entries)): (u32, MenuNode) = body.deserialize().unwrap();
        format!("{entries:?}")
    }
}
