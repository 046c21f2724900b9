//! An XML document as a tree, and its text.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// One element: attributes, and either children or text.
#[derive(Debug, Clone)]
pub(super) struct Element {
    name: &'static str,
    attribute: Option<(&'static str, &'static str)>,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Text(String),
    Children(Vec<Element>),
}

/// An element with text.
pub(super) fn text(name: &'static str, text: impl Into<String>) -> Element {
    Element { name, attribute: None, content: Content::Text(text.into()) }
}

/// An element with children.
pub(super) fn node(name: &'static str, children: Vec<Element>) -> Element {
    Element { name, attribute: None, content: Content::Children(children) }
}

impl Element {
    /// The same with an attribute.
    pub(super) fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { attribute: Some((name, value)), ..self }
    }

    /// The document with this root, in UTF-8.
    pub(super) fn to_xml(&self) -> Vec<u8> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        self.write(&mut writer).expect("writing to memory cannot fail");
        let mut bytes = writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        self.write_below(writer)
    }

    fn write_below(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(self.name);
        start.extend_attributes(self.attribute);
        writer.write_event(Event::Start(start))?;
        match &self.content {
            Content::Text(text) => writer.write_event(Event::Text(BytesText::new(text)))?,
            Content::Children(children) => {
                for child in children {
                    child.write_below(writer)?;
                }
            }
        }
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }
}
