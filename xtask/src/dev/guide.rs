//! What a running `dev` tells a newcomer: what to click, what to paste, what to run next.

use std::path::Path;

use anyhow::Result;

use crate::demo_file::DemoFile;

/// Prints the guide to standard output.
pub(super) fn print(demo: &DemoFile, data: &Path) -> Result<()> {
    let (merchant, key, link) = demo.walk("test")?;
    let affiliate = demo.affiliates.iter().find(|affiliate| affiliate.id == link.affiliate_id);
    let affiliate = affiliate.map_or("an affiliate", |affiliate| &affiliate.name);
    println!(
        "
Khata runs: edge {edge}, settlement {settlement}
Keys, passwords and links: {file}

Click, as a shopper who follows {affiliate}'s link to {merchant}:
  {click}

Paste, as a shopper's click and {merchant}'s server reporting the order (test environment):
{curl}

Walk the whole story from click to payable commission, in another terminal:
  cargo xtask demo{option}

Ctrl-C stops everything.",
        edge = demo.edge_url,
        settlement = demo.settlement_url,
        file = data.join("demo.json").display(),
        merchant = merchant.name,
        click = link.url,
        curl = curl(&demo.edge_url, &link.url, &key.id, &key.secret),
        option = data_option(data)?,
    );
    Ok(())
}

fn curl(edge_url: &str, link_url: &str, key_id: &str, secret: &str) -> String {
    format!(
        r#"  TIMESTAMP=$(date +%s)
  CLICK=$(curl -sS -o /dev/null -A Mozilla/5.0 -w '%{{redirect_url}}' {link_url} | sed 's/.*click_id=//')
  BODY='{{"externalOrderId":"order-'$TIMESTAMP'","orderAmount":"2999.00","clickId":"'$CLICK'"}}'
  SIGNATURE=$(printf '%s' "$TIMESTAMP.$BODY" \
    | openssl dgst -sha256 -hmac '{secret}' | sed 's/^.* //')
  curl -i {edge_url}/api/v1/conversions \
    -H 'Content-Type: application/json' -H 'X-Api-Key: {key_id}' \
    -H "X-Timestamp: $TIMESTAMP" -H "X-Signature: $SIGNATURE" --data-raw "$BODY""#
    )
}

fn data_option(data: &Path) -> Result<String> {
    let usual = super::data_folder(None)?;
    Ok(if data == usual { String::new() } else { format!(" --data {}", data.display()) })
}
