//! `demo.json`: the demo network with its secrets, readable by its owner alone.

use serde::{Deserialize, Serialize};
use settlement::flows::seed_demo::network::Network;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where the parts of the installation are.
pub(super) struct Places {
    pub(super) edge: String,
    pub(super) settlement: String,
    pub(super) database: String,
}

/// The file. It has secrets, so it has no `Debug`.
#[derive(Serialize, Deserialize)]
pub(super) struct DemoFile {
    edge_url: String,
    settlement_url: String,
    database_url: String,
    operator: Person,
    merchants: Vec<Merchant>,
    affiliates: Vec<Affiliate>,
    links: Vec<Link>,
}

#[derive(Serialize, Deserialize)]
struct Person {
    email: String,
    password: String,
}

#[derive(Serialize, Deserialize)]
struct Merchant {
    id: String,
    name: String,
    email: String,
    password: String,
    approved_domain: String,
    currency: String,
    time_zone: String,
    keys: Vec<Key>,
    campaigns: Vec<Campaign>,
    products: Vec<Product>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    environment: String,
    #[serde(rename = "key_id")]
    id: String,
    signing_secret: String,
}

#[derive(Serialize, Deserialize)]
struct Campaign {
    id: String,
    environment: String,
    name: String,
    rate_bps: i32,
    cookie_days: i32,
    hold_days: i32,
}

#[derive(Serialize, Deserialize)]
struct Product {
    environment: String,
    sku: String,
    price: String,
    url: String,
}

#[derive(Serialize, Deserialize)]
struct Affiliate {
    id: String,
    name: String,
    email: String,
    password: String,
}

#[derive(Serialize, Deserialize)]
struct Link {
    code: String,
    url: String,
    merchant_id: String,
    affiliate_id: String,
    campaign_id: String,
    environment: String,
    destination: String,
}

impl DemoFile {
    /// Writes a network down.
    pub(super) fn new(places: &Places, network: Network) -> Self {
        let Network { operator, merchants, affiliates, links } = network;
        let links = links.into_iter().map(|link| Link {
            url: String::new(),
            code: link.code,
            merchant_id: link.merchant_id.to_string(),
            affiliate_id: link.affiliate_id.to_string(),
            campaign_id: link.campaign_id.to_string(),
            environment: link.environment,
            destination: link.destination,
        });
        let affiliates = affiliates.into_iter().map(|affiliate| Affiliate {
            id: affiliate.id.to_string(),
            name: affiliate.name,
            email: affiliate.email,
            password: affiliate.password,
        });
        let file = Self {
            edge_url: String::new(),
            settlement_url: String::new(),
            database_url: String::new(),
            operator: Person { email: operator.email, password: operator.password },
            merchants: merchants.into_iter().map(merchant).collect(),
            affiliates: affiliates.collect(),
            links: links.collect(),
        };
        file.moved_to(places)
    }

    /// The same network where its parts are now.
    pub(super) fn moved_to(mut self, places: &Places) -> Self {
        self.edge_url.clone_from(&places.edge);
        self.settlement_url.clone_from(&places.settlement);
        self.database_url.clone_from(&places.database);
        for link in &mut self.links {
            link.url = format!("{}/c/{}", places.edge, link.code);
        }
        self
    }
}

fn merchant(merchant: settlement::flows::seed_demo::network::Merchant) -> Merchant {
    let keys = merchant.keys.into_iter().map(|key| Key {
        environment: key.environment.as_str().to_owned(),
        id: key.id,
        signing_secret: key.signing_secret,
    });
    let campaigns = merchant.campaigns.into_iter().map(|campaign| Campaign {
        id: campaign.id.to_string(),
        environment: campaign.environment,
        name: campaign.name,
        rate_bps: campaign.rate_bps,
        cookie_days: campaign.cookie_days,
        hold_days: campaign.hold_days,
    });
    let products = merchant.products.into_iter().map(|product| Product {
        environment: product.environment,
        sku: product.sku,
        price: product.price,
        url: product.url,
    });
    Merchant {
        keys: keys.collect(),
        campaigns: campaigns.collect(),
        products: products.collect(),
        id: merchant.id.to_string(),
        name: merchant.name,
        email: merchant.email,
        password: merchant.password,
        approved_domain: merchant.approved_domain,
        currency: merchant.currency,
        time_zone: merchant.time_zone,
    }
}

/// Reads a file written before; says why not without repeating what it holds.
pub(super) fn read(path: &Path) -> Result<DemoFile, String> {
    let text = fs::read_to_string(path)
        .map_err(|cause| format!("{} cannot be read: {cause}", path.display()))?;
    serde_json::from_str(&text).map_err(|_| format!("{} is damaged", path.display()))
}

/// Replaces the file in one step, with mode 600 from its first byte.
pub(super) fn write(path: &Path, file: &DemoFile) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("json.new");
    if fresh.exists() {
        fs::remove_file(&fresh)?;
    }
    let mut out = File::options().write(true).create_new(true).mode(0o600).open(&fresh)?;
    out.write_all(&serde_json::to_vec_pretty(file)?)?;
    out.write_all(b"\n")?;
    fs::rename(&fresh, path)
}
