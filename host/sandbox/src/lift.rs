//! From a guest's memory straight into the flat answer. Wasmtime's own way makes a `Vec` of alerts
//! with a `String` for each text first, which costs more than all else that the host does for an
//! alert; its borrowed texts (`WasmStr`) are of no use here, since the guest has taken its memory
//! back when a call returns.
//!
//! How an alert lies in memory follows from `record alert` in `wit/types.wit` by the canonical ABI.
//! The trait functions are not among what wasmtime promises to keep; what changes does not compile.

use lifesigns_model::{Change, RuleAlertBatch, RuleAlertRow, Span};
use wasmtime::{
    Result, bail,
    component::{
        __internal::{
            CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, wasmtime_environ::component::StringEncoding,
        },
        ComponentType, Lift,
    },
};

use crate::bindings::lifesigns::rule::types as wit;

/// Event, symptom, change, summary, attributes.
const ALERT_BYTES: usize = 28;
/// Name, value.
const ATTRIBUTE_BYTES: usize = 16;
/// About the bytes of an alert's texts.
const USUAL_BYTES: usize = 128;

/// The type that wasmtime would lift.
type Lists = Vec<wit::Alert>;

/// A `list<alert>`, laid flat. It is sound text, and nothing else about it is checked yet.
pub(crate) struct LiftedAlerts(pub(crate) RuleAlertBatch);

// SAFETY: the type that it stands for, how it is passed and how large it is are those of `Lists`.
unsafe impl ComponentType for LiftedAlerts {
    type Lower = <Lists as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <Lists as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        <Lists as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: `typecheck` admits what `Lists` admits, and nothing is read but by checked access to
// slices of the guest's memory.
unsafe impl Lift for LiftedAlerts {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &Self::Lower) -> Result<Self> {
        match cx.options().string_encoding {
            StringEncoding::Utf8 => {
                let list = ListHeader { start: src[0].get_u32() as usize, len: src[1].get_u32() as usize };
                AlertReader::new(cx).alerts(list)
            }
            _ => Lists::linear_lift_from_flat(cx, ty, src).map(|alerts| laid_flat(&alerts)),
        }
    }

    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        match (cx.options().string_encoding, bytes.as_array()) {
            (StringEncoding::Utf8, Some(bytes)) => AlertReader::new(cx).alerts(ListHeader::at::<8>(bytes, 0)),
            _ => Lists::linear_lift_from_memory(cx, ty, bytes).map(|alerts| laid_flat(&alerts)),
        }
    }
}

/// Converts the alerts of guests whose texts are not UTF-8, which wasmtime lifts itself.
fn laid_flat(alerts: &[wit::Alert]) -> LiftedAlerts {
    let mut answer = RuleAlertBatch::default();
    for alert in alerts {
        let change = match alert.change {
            wit::Change::Raise => Change::Raise,
            wit::Change::Clear => Change::Clear,
        };
        let attributes = alert.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        answer.push(alert.event, alert.symptom, change, &alert.summary, attributes);
    }
    LiftedAlerts(answer)
}

/// The address of a list or text in the guest's memory, and its number of elements or bytes.
#[derive(Clone, Copy)]
struct ListHeader {
    start: usize,
    len: usize,
}

impl ListHeader {
    fn at<const N: usize>(bytes: &[u8; N], at: usize) -> Self {
        Self { start: word(bytes, at) as usize, len: word(bytes, at + 4) as usize }
    }
}

fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

struct AlertReader<'c, 'm> {
    cx: &'c mut LiftContext<'m>,
    memory: &'m [u8],
    answer: RuleAlertBatch,
}

impl<'c, 'm> AlertReader<'c, 'm> {
    fn new(cx: &'c mut LiftContext<'m>) -> Self {
        let memory = cx.memory();
        Self { cx, memory, answer: RuleAlertBatch::default() }
    }

    fn alerts(mut self, list: ListHeader) -> Result<LiftedAlerts> {
        let alerts = self.elements::<ALERT_BYTES>(list)?;
        self.answer.rows.reserve(alerts.len());
        self.answer.attributes.reserve(alerts.len());
        self.answer.text.reserve((alerts.len() * USUAL_BYTES).min(1 << 16));
        for alert in alerts {
            let change = match alert[8] {
                0 => Change::Raise,
                1 => Change::Clear,
                other => bail!("{other} is no `change` of an alert"),
            };
            let summary = self.text(ListHeader::at(alert, 12))?;
            let attributes_start = self.answer.attributes.len() as u32;
            for attribute in self.elements::<ATTRIBUTE_BYTES>(ListHeader::at(alert, 20))? {
                let pair = (self.text(ListHeader::at(attribute, 0))?, self.text(ListHeader::at(attribute, 8))?);
                self.answer.attributes.push(pair);
            }
            let attributes_end = self.answer.attributes.len() as u32;
            let (event, symptom) = (word(alert, 0), word(alert, 4));
            self.answer.rows.push(RuleAlertRow { event, symptom, change, summary, attributes_start, attributes_end });
        }
        Ok(LiftedAlerts(self.answer))
    }

    fn elements<const N: usize>(&mut self, list: ListHeader) -> Result<&'m [[u8; N]]> {
        if !list.start.is_multiple_of(4) {
            bail!("a list of its answer is not aligned");
        }
        Ok(self.bytes(list.start, list.len.checked_mul(N))?.as_chunks().0)
    }

    fn text(&mut self, text: ListHeader) -> Result<Span> {
        let text = str::from_utf8(self.bytes(text.start, Some(text.len))?)?;
        Ok(Span::push(&mut self.answer.text, text))
    }

    /// Each byte is paid for, so that an answer that points at the same bytes again and again
    /// does not grow without bounds here.
    fn bytes(&mut self, start: usize, len: Option<usize>) -> Result<&'m [u8]> {
        let memory = self.memory;
        match len.and_then(|len| memory.get(start..start.checked_add(len)?)) {
            Some(bytes) => {
                self.cx.consume_fuel(bytes.len())?;
                Ok(bytes)
            }
            None => bail!("its answer points out of its memory"),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::{
        Engine, Store,
        component::{Component, Linker},
    };

    use super::*;

    /// A component whose memory holds, at 64, the list `alerts`, and whose texts have this encoding.
    fn lifted(alerts: &[u32], data: &str, encoding: &str) -> Result<RuleAlertBatch> {
        let words: String =
            alerts.iter().flat_map(|word| word.to_le_bytes()).map(|byte| format!("\\{byte:02x}")).collect();
        let text = format!(
            r#"(component
                (core module $m
                    (memory (export "memory") 1)
                    (data (i32.const 64) "{words}")
                    (data (i32.const 512) "{data}")
                    (func (export "evaluate") (result i32) (i32.const 64))
                    (func (export "gone") (param i32) (memory.fill (i32.const 0) (i32.const 255) (i32.const 1024))))
                (core instance $i (instantiate $m))
                (type $change-of (enum "raise" "clear"))
                (export $change "change" (type $change-of))
                (type $alert-of (record (field "event" u32) (field "symptom" u32) (field "change" $change)
                    (field "summary" string) (field "attributes" (list (tuple string string)))))
                (export $alert "alert" (type $alert-of))
                (func (export "evaluate") (result (list $alert)) (canon lift (core func $i "evaluate")
                    (memory $i "memory") (post-return (func $i "gone")) string-encoding={encoding})))"#
        );
        let engine = Engine::default();
        let component = Component::new(&engine, wat::parse_str(text).expect("a component"))?;
        let mut store = Store::new(&engine, ());
        store.set_hostcall_fuel(2000);
        let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
        let evaluate = instance.get_typed_func::<(), (LiftedAlerts,)>(&mut store, "evaluate")?;
        evaluate.call(&mut store, ()).map(|(LiftedAlerts(answer),)| answer)
    }

    /// One alert with one attribute: the list, the alert at 72, the attribute at 100, texts at 512.
    const ONE: [u32; 13] = [72, 1, 3, 4, 1, 512, 5, 100, 1, 517, 1, 518, 2];

    fn refused(change: (usize, u32), with: &str) {
        let mut words = ONE;
        words[change.0] = change.1;
        let error = lifted(&words, "helloxyz\\ff", "utf8").err().unwrap_or_else(|| panic!("{change:?} was taken"));
        assert!(format!("{error:#}").contains(with), "{change:?}: {error:#}");
    }

    #[test]
    fn an_alert_is_laid_flat_before_the_guest_takes_its_memory_back() {
        let wide = "h\\00e\\00l\\00l\\00o\\00x\\00y\\00z\\00";
        let mut utf16 = ONE;
        (utf16[9], utf16[11]) = (522, 524);
        for answer in [lifted(&ONE, "helloxyz", "utf8"), lifted(&utf16, wide, "utf16")] {
            let answer = answer.expect("an answer");
            let [row] = answer.rows[..] else { panic!("{answer:?}") };
            assert_eq!((row.event, row.symptom, row.change), (3, 4, Change::Clear));
            assert_eq!(row.summary.str(&answer.text), "hello");
            assert_eq!((row.attributes_start, row.attributes_end), (0, 1));
            let (name, value) = answer.attributes[0];
            assert_eq!((name.str(&answer.text), value.str(&answer.text)), ("x", "yz"));
        }
        assert!(lifted(&[0, 0], "", "utf8").expect("no alert").rows.is_empty());
    }

    #[test]
    fn what_does_not_lie_in_memory_as_it_must_is_refused() {
        refused((0, 65_536), "points out of its memory");
        refused((0, 73), "not aligned");
        refused((1, u32::MAX), "points out of its memory");
        refused((4, 2), "no `change`");
        refused((5, 65_533), "points out of its memory");
        refused((6, 9), "utf-8");
        refused((7, u32::MAX - 3), "points out of its memory");
        refused((8, 1 << 28), "points out of its memory");
        refused((10, 1 << 31), "points out of its memory");
        refused((6, 3000), "fuel");
    }
}
