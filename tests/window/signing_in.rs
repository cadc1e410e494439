//! From the first page to the books: a person signs in with their own browser, sees what they may connect, and chooses; later their window locks
//! itself and opens for them alone.

use std::{collections::HashSet, fs, time::Duration};

use serde_json::json;

use crate::driver::{Books, Place, Window, wait_for};

/// The person's browser: goes wherever the app sends it, and from there where it is sent next.
struct Browser {
    place: Place,
    client: reqwest::Client,
    been: HashSet<String>,
}

impl Browser {
    fn new(place: &Place) -> Self {
        Self { place: place.clone(), client: reqwest::Client::builder().no_proxy().build().unwrap(), been: HashSet::new() }
    }

    fn sent_to(&self) -> Vec<String> {
        fs::read_to_string(self.place.browser()).unwrap_or_default().lines().filter(|line| !self.been.contains(*line)).map(str::to_owned).collect()
    }

    /// Follows the next address to its end: the page that says to go back to the app.
    async fn follows(&mut self) {
        wait_for("an address for the browser", async || !self.sent_to().is_empty()).await;
        let address = self.sent_to().remove(0);
        let page = self.client.get(&address).send().await.unwrap();
        assert!(page.status().is_success(), "{address}: {}", page.status());
        assert!(page.text().await.unwrap().contains("go back to BC Agent"));
        self.been.insert(address);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_from_the_first_page_chooses_their_company_and_asks() {
    let books = Books::open().await;
    let place = Place::unconnected(&books).await;
    let window = Window::open_on(&place, "first-run").await;
    let mut browser = Browser::new(&place);
    window.screenshots("first-run").await;

    window.click("sign-in-begin").await;
    window.see("sign-in-left").await;
    window.screenshots("signing-in").await;
    browser.follows().await;
    window.until("return document.querySelector('[data-testid=first-run]').innerText.includes('Signed in as Kari Demo')").await;
    window.click("find-companies").await;
    window.see("connect-company").await;
    window.screenshots("companies").await;
    let company = window.js("return document.querySelector('[data-testid=connection-name]').value").await;
    window.click("connect-company").await;
    window.see("composer-input").await;
    window.until("return !document.querySelector('[data-testid=composer-input]').disabled").await;
    assert!(window.text("connection-badge").await.contains(company.as_str().unwrap()), "the company that is worked on is always in sight");

    window.send("List all customers").await;
    window.is_idle().await;
    let connections = window.call("list_connections", &json!({})).await;
    assert_eq!(connections.as_array().map(Vec::len), Some(1), "{connections}");
    assert_eq!(connections[0]["account"], "kari@demo.example", "{connections}");
    window.screenshots("connected").await;

    // The lock: a window that is opened anew opens for the person whose books they are.
    window.call("set_setting", &json!({"key": "window.lock_after_minutes", "value": "5"})).await;
    window.reload().await;
    window.see("composer-input").await;
    window.until("return Object.values(localStorage).some((value) => value === '5')").await;
    window.reload().await;
    window.see("lock").await;
    assert_eq!(window.count("unlock").await, 0, "a press opens nobody's window but one in which nobody is signed in");
    window.see("sign-in-begin").await;
    let page = window.js("return document.body.innerText").await;
    assert!(page.as_str().is_some_and(|page| page.contains("Kari Demo") && !page.contains("List all customers")), "{page}");
    window.screenshots("locked").await;
    window.click("sign-in-begin").await;
    browser.follows().await;
    window.see("composer-input").await;
    assert_eq!(window.count("lock").await, 0);
    window.nothing_was_complained_about().await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_does_not_come_back_can_stop_and_begin_again() {
    let books = Books::open().await;
    let place = Place::unconnected(&books).await;
    let window = Window::open_on(&place, "first-run").await;
    let mut browser = Browser::new(&place);
    window.click("sign-in-begin").await;
    wait_for("an address for the browser", async || !browser.sent_to().is_empty()).await;
    browser.been.extend(browser.sent_to());
    window.click("sign-in-cancel").await;
    window.until("return document.querySelector('[data-testid=sign-in]').dataset.waiting === 'false'").await;
    window.pause(Duration::from_millis(100)).await;
    window.click("sign-in-begin").await;
    browser.follows().await;
    window.see("company-picker").await;
    window.nothing_was_complained_about().await;
    window.close().await;
}
