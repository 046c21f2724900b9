//! `GET /t.js`: small, cacheable, JavaScript, and it does what it says.

use std::process::Command;

use tests::{Shop, World};

/// Bytes of the script at most (PRODUCT §1).
const SCRIPT_BYTES_MAX: usize = 2_048;

#[test]
fn the_script_is_small_javascript_that_keeps_our_ids_alone() {
    let world = World::shared();
    let answer = world.shopper().visit("/t.js").send().expect_status(200);
    assert!(answer.header("content-type").contains("javascript"), "{:?}", answer.headers);
    assert!(answer.text.len() < SCRIPT_BYTES_MAX, "{} bytes", answer.text.len());
    for part in ["click_id", "clk_", "khata", "clickId", "localStorage", "cookie"] {
        assert!(answer.text.contains(part), "{part} in {}", answer.text);
    }
    let head = world.shopper().visit("/t.js").method("HEAD").send();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

/// Runs the script in Node with a page of this query; answers what `khata.clickId()` says on that
/// page, then on a next one without a query, then on one that lost its cookies.
fn ids_on_pages(script: &str, query: &str) -> String {
    let page = format!(
        "const kept = {{}}; let cookie = '';
         const open = (search) => {{
             const window = {{
                 location: {{ search, protocol: 'https:' }},
                 localStorage: {{
                     getItem: (name) => kept[name] ?? null,
                     setItem: (name, value) => {{ kept[name] = value; }},
                 }},
             }};
             const document = {{
                 get cookie() {{ return cookie; }},
                 set cookie(text) {{ cookie = 'a=b; ' + text.split(';')[0]; }},
             }};
             new Function('window', 'document', {script:?})(window, document);
             return window.khata.clickId();
         }};
         const said = [open({query:?}), open('')];
         cookie = '';
         console.log(JSON.stringify([...said, open('?a=b')]));"
    );
    let output = Command::new("node").args(["-e", &page]).output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("JSON is UTF-8").trim().to_owned()
}

#[test]
fn the_script_finds_the_id_and_keeps_it_over_pages() {
    let world = World::shared();
    let script = world.shopper().visit("/t.js").send().expect_status(200).text;
    let shop = Shop::usual(world);
    let id = shop.live.click();
    let found = ids_on_pages(&script, &format!("?utm=x&click_id={id}&y=z"));
    assert_eq!(found, format!("[\"{id}\",\"{id}\",\"{id}\"]"));
    for foreign in ["?click_id=other", "?click_id=clk_%3Cscript%3E", "?not_click_id=clk_A", ""] {
        assert_eq!(ids_on_pages(&script, foreign), "[null,null,null]", "{foreign}");
    }
}
