//! Closed sets of words on the wire: each is stated once, and the type, its words, the list of all of them and the schema
//! follow from that.

/// Declares an enum of words: `ALL`, `as_str`, `Display`, `Serialize` and `JsonSchema` come from the one list.
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        $vis:vis enum $name:ident { $($(#[doc = $meaning:literal])+ $variant:ident = $word:literal,)+ }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name { $($(#[doc = $meaning])+ $variant,)+ }

        impl $name {
            /// Every one, in the order of the contract.
            $vis const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word on the wire.
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let about = concat!($($about, "\n"),+);
                let meanings = [$(concat!($($meaning),+)),+];
                $crate::words::schema(about, &Self::ALL.map(Self::as_str), &meanings)
            }
        }
    };
}

pub(crate) use words;

/// The schema of a set of words, with what each of them means.
pub(crate) fn schema(about: &str, words: &[&str], meanings: &[&str]) -> schemars::Schema {
    let list: String = words.iter().zip(meanings).map(|(word, meaning)| format!("\n- `{word}`:{meaning}")).collect();
    schemars::json_schema!({ "type": "string", "enum": words, "description": format!("{}\n{list}", about.trim()) })
}
