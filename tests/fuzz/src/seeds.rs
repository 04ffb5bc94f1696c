//! Seeds for each target, and mutations of them that can be repeated.

use lifesigns_artifacts::hostile_guests;
use lifesigns_model::limits::LINE_BYTES;

/// Numbers that look random and come again with the same seed.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// Returns the next number below `below`; 0 if that is 0.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if below == 0 { 0 } else { (self.0 >> 33) as usize % below }
    }
}

/// Returns the seeds of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let texts: &[&str] = match target {
        "admission" => {
            // Those that are small: the large ones would only be copied.
            let guests = hostile_guests().into_iter().map(|guest| guest.module);
            return guests.filter(|module| module.len() < 8 << 10).collect();
        }
        "manifest" => &[
            "module = 'a.wasm'\nenabled = true\npaused = false\ngrants = ['state']\n[settings]\na = 1\n[limits]\ndeadline-ms = 5\n",
            "shadow = 'b.wasm'\n[settings]\nn = 1\n[settings.deep]\nx = 1\n[shadow-settings]\nn = 2\n",
            "settings = { a = [1, 2, { b = 3 }] }\nmodule = \"\"\"\na\"\"\"\n",
        ],
        "settings" => &[
            "rules = 'rules'\nstore = 'a.db'\n[[source]]\nfile = 'a.log'\nobject = 'vm-1'\n[engine]\nshards = 2\n",
            "[[group]]\nname = 'g'\nwhere = \"properties.env == 'a'\"\n[[policy]]\nname = 'p'\ngroup = 'g'\nallow = ['*']\n",
            "[[receiver]]\nname = 'hook'\nwebhook = { url = 'https://example.com/' }\n[[route]]\nreceiver = 'hook'\n",
        ],
        "inventory" => &[
            "[[object]]\nid = 'vm-1'\n[object.properties]\nenv = 'a'\n[object.metrics]\nload = 1.5\n",
            "[{\"id\":\"vm-1\",\"properties\":{\"env\":\"a\"},\"metrics\":{\"load\":1.5}}]",
            "id,env,load\nvm-1,a,1.5\n\"vm,2\",\"b\"\"c\",\n",
        ],
        "decoders" => &[
            "Nov 28 06:58:12 vm-7 sshd[811]: Invalid user admin from 192.0.2.7",
            "<34>1 2026-11-28T06:58:12.003Z vm-7 sshd 811 ID47 [a b=\"c\\\"d\"] message",
            "time=\"2026-11-28T06:58:12.003Z\" level=error msg=\"a \\\"b\\\" c\" container=abc",
            "{\"time\":\"2026-11-28T06:58:12Z\",\"object\":\"vm-1\",\"message\":\"a\\u00e9\",\"fields\":{\"a\":[1,2]}}",
            "{\"log\":\"inner\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-28T06:58:12.1Z\"}",
            "2026-11-28 06:58:12,003 WARN [main] a.b.C - text",
            "1699956904\r\ncontainer create failed\r\n\r\n",
        ],
        "journal" => &[
            "__CURSOR=s=0f;i=1a;b=2\n__REALTIME_TIMESTAMP=1423944916375353\n_HOSTNAME=vm-7\nMESSAGE=a\n\nMESSAGE=b\n\n",
            "A=1\nMESSAGE\n\x05\0\0\0\0\0\0\0a\n\nb\0\n_PID=7\n\n",
            "COREDUMP\n\x03\0\0\0\0\0\0\0\x01\x02\x03\nMESSAGE=\x1b[2J\"\n",
        ],
        // The first byte chooses the path.
        "requests" => &[
            "\x00{\"time\":\"2026-11-28T06:58:12Z\",\"object\":\"vm-1\",\"message\":\"a\"}\n{\"message\":\"b\"}\n",
            "\x01[{\"object\":\"vm-1\",\"message\":\"a\",\"fields\":{\"n\":1}}]",
            "\x02{\"time\":1782907200.5,\"host\":\"vm-1\",\"event\":{\"a\":1}}{\"event\":\"b\"}",
            "\x03a line\nanother\n",
            "\x04{\"acks\":[0,1,2]}",
            "\x05{\"streams\":[{\"stream\":{\"host\":\"vm-1\"},\"values\":[[\"1782907200000000000\",\"a\",{\"k\":\"v\"}]]}]}",
            "\x07{\"create\":{\"_index\":\"logs\"}}\n{\"@timestamp\":\"2026-11-28T06:58:12Z\",\"message\":\"a\"}\n",
            "\x08{\"message\":\"a\",\"host\":{\"name\":\"vm-1\"}}",
            "\x09{\"events\":[{\"text\":\"a\",\"timestamp\":1782907200000,\"fields\":[{\"name\":\"n\",\"content\":\"c\"}]}]}",
            "\x0a{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"a\"}}]}]}]}",
            "\x0b\x0a\x0e\x12\x0c\x12\x0a\x2a\x08\x0a\x06a line",
            "\x0c\x0a\x08\x12\x06\x12\x04\x0a\x02up",
            "\x0d\x08\x1c\x0a\x06\x0a\x04\x0a\x02up",
        ],
        "expression" => &[
            "properties.env == 'a' && metrics.load > 4",
            "tags.exists(tag, tag == 'x') || has(properties.env) ? size(kind) > 1 : false",
            "[1, 2, 3].map(x, x * 2).filter(y, y > 2).size() == {'a': 1}['a'] + 1",
            "((((((1))))))",
        ],
        _ => bytes(target),
    };
    let mut seeds: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    if target == "docker" {
        // A line of a terminal that is longer than lines may be.
        seeds.push(format!("\x01{}\r\nrest\n", "long ".repeat(LINE_BYTES / 4)).into_bytes());
    }
    seeds
}

/// Returns the seeds of a target that takes bytes or pieces of a protocol apart.
fn bytes(target: &str) -> &'static [&'static str] {
    match target {
        "agent" => &[
            "{\"source\":\"/var/log/a.log\",\"line\":7,\"text\":\"one\",\"fields\":{\"site\":\"b\"},\"time\":9}\n",
            "{\"source\":\"/b\",\"line\":1,\"object\":\"web-2\",\"text\":\"two\\n\"}\n\n{\"source\":\"/b\",\"line\":2,\"text\":\"\"}",
            "{\"object\":\"web-1\",\"metrics\":{\"load.1m\":0.5}}\n{\"properties\":{\"env\":\"lab\"}}\nnot json\n",
        ],
        "framing" => &[
            "26 <34>1 - vm-7 su - - - text12 <13>app: two9 <13>a: 3",
            "<34>Oct 11 22:14:15 vm-7 su: one\n<13>app[1]: two\0<13>three\r\n\n<13>last",
            "3 <1>x 99999999 <13>long\n4 <13>\n0 <13>0 1\n",
        ],
        // The first byte says whether it is a terminal.
        "docker" => &[
            "\0\x01\0\0\0\0\0\0\x261970-01-01T00:00:01.000000007Z one\ntwo\x02\0\0\0\0\0\0\x04err\n",
            "\x011970-01-01T00:00:01.000000000Z one\r\n1970-01-01T00:00:02.000000000Z two\r\nrest",
            "\0{\"Action\":\"die\",\"Actor\":{\"ID\":\"5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f\"}}",
        ],
        "description" => &[
            "\x04rule\x051.0.0\x01\x04seen\x04Seen\x00\x00\x00\x00\x00\x00\x01\x01\x01\x06poison\x00\x00",
            "\x01a\x011\x00\x02\x07\x02\x03abc\x02bc\x01\x02\x00\x01f\x05\x01\x01x\x01\x01p\x00",
        ],
        "answer" => &[
            "\x01\x01\x06onetwo\x02\x01\x00\x01\x00\x01\x00\x01\x00\x01\x03\x01\x00\x01\x01\x01\x00\x01\x00\x01\x03\x01\x03\x01\x00",
        ],
        "prefilter" => &[
            "\x02\x06docker\x01\x03run\x00Docker run docker RUN dockerdocker",
            "\x01\x01a\x01\x02aa\x00aaaaaaaaaaaaaaaaaaaAAAAAAA",
            "\x03\x09container\x00\x0acontainer/\x01\x07tainer/\x00the container/create of a CONTAINER/",
        ],
        _ => &[],
    }
}

/// Returns a seed with a few changes: bits, bytes, pieces of itself and of another seed.
pub fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const BYTES: &[u8] = b"\0\x01\x7f\x80\xff\n\r\t \"'\\{}[]()=:,.-09azAZ#%";
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(6) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = BYTES[random.below(BYTES.len())],
            2 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            3 => bytes.truncate(at),
            4 => {
                let end = (at + random.below(16)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}
