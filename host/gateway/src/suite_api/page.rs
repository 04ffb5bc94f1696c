//! Pages of lists: `page` from 0, `pageSize`, and `pageInfo` in the answer.

use lifesigns_api::ApiError;
use serde_json::{Value, json};

use crate::paths::SUITE_BASE;

/// Items of a page where the client does not say, and the most that it may say.
const PAGE_SIZE: u64 = 1000;
const MOST: u64 = 10_000;

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageRequest {
    page: u64,
    size: u64,
    has_links: bool,
    /// What else the query says, for links: `&name=vm`.
    filter: String,
}

impl PageRequest {
    /// Checks what a client asks for.
    ///
    /// # Errors
    /// The size is none that a page has.
    pub(super) fn new(page: Option<u64>, size: Option<u64>, no_links: bool) -> Result<Self, ApiError> {
        let size = size.unwrap_or(PAGE_SIZE);
        if !(1..=MOST).contains(&size) {
            return Err(ApiError::Invalid(format!("`pageSize` is {size}; it is from 1 to {MOST}")));
        }
        Ok(Self { page: page.unwrap_or(0), size, has_links: !no_links, filter: String::new() })
    }

    /// Keeps what a query says beside the page: links to other pages say it too.
    pub(super) fn within(mut self, query: Option<&str>) -> Self {
        let is_page = |pair: &&str| {
            let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
            let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
            pair.is_empty() || name == "page" || name == "pageSize"
        };
        let others = query.unwrap_or_default().split('&').filter(|pair| !is_page(pair));
        self.filter = others.flat_map(|pair| ["&", pair]).collect();
        self
    }

    /// Returns whether the item with this number in the whole list is on the page.
    pub(super) fn has(&self, number: u64) -> bool {
        number / self.size == self.page
    }

    /// Returns the page of a list that is there as a whole.
    pub(super) fn of<T>(&self, path: &str, name: &str, all: &[T], show: impl Fn(&T) -> Value) -> Value {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let page = usize::try_from(self.page).unwrap_or(usize::MAX);
        let items = all.iter().skip(page.saturating_mul(size)).take(size).map(show).collect();
        self.answer(path, name, items, all.len() as u64)
    }

    /// Returns the answer with the items of the page; `path` is below the subset's.
    pub(super) fn answer(&self, path: &str, name: &str, items: Vec<Value>, total: u64) -> Value {
        let info = json!({ "totalCount": total, "page": self.page, "pageSize": self.size });
        let mut answer = json!({ "pageInfo": info, name: items });
        if self.has_links {
            answer["links"] = self.links(path, total);
        }
        answer
    }

    fn links(&self, path: &str, total: u64) -> Value {
        let link = |page: u64, rel: &str, name: &str| {
            let href = format!("{SUITE_BASE}{path}?page={page}&pageSize={}{}", self.size, self.filter);
            json!({ "href": href, "rel": rel, "name": name })
        };
        let last = total.saturating_sub(1) / self.size;
        let mut links = vec![link(self.page, "SELF", "current"), link(0, "RELATED", "first")];
        if self.page < last {
            links.push(link(self.page + 1, "RELATED", "next"));
        }
        links.push(link(last, "RELATED", "last"));
        links.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_in_pages_with_its_whole_length() {
        let all: Vec<u64> = (0..5).collect();
        let page = |page, size| {
            let request = PageRequest::new(Some(page), Some(size), false).expect("a page");
            request.of("/alerts", "alerts", &all, |number| (*number).into())
        };
        let second = page(1, 2);
        assert_eq!(second["alerts"], json!([2, 3]));
        assert_eq!(second["pageInfo"], json!({ "totalCount": 5, "page": 1, "pageSize": 2 }));
        assert_eq!(second["links"][2]["href"], "/suite-api/api/alerts?page=2&pageSize=2");
        assert_eq!(page(2, 2)["links"][2]["name"], "last");
        assert_eq!(page(u64::MAX, 10_000)["alerts"], json!([]));
        assert!(PageRequest::new(None, Some(0), false).is_err() && PageRequest::new(None, Some(10_001), true).is_err());
        let request = PageRequest::new(None, None, true).expect("the first page");
        assert!(request.has(999) && !request.has(1000));
        assert!(request.of("/alerts", "alerts", &all, |_| Value::Null).get("links").is_none());
    }

    #[test]
    fn links_keep_the_filter() {
        let request = PageRequest::new(Some(0), Some(2), false).expect("a page");
        let request = request.within(Some("name=vm%261&page=0&name=b&&page%53ize=2&pageSize=2"));
        let answer = request.answer("/resources", "resourceList", Vec::new(), 5);
        assert_eq!(answer["links"][2]["href"], "/suite-api/api/resources?page=1&pageSize=2&name=vm%261&name=b");
    }
}
