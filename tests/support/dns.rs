//! A nameserver of a test's own, on loopback.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};

/// How long answers may be remembered, in seconds: not at all, so that tests do not depend on their order.
const TTL: u32 = 0;

/// The largest question that is read, in bytes.
const MAX_QUESTION: usize = 4096;

/// Answers what its table says, until the test process ends.
pub(crate) struct Dns {
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Dns {
    /// Starts it with names and all of their addresses. Other names do not exist.
    pub(crate) fn start(names: &[(&str, &[&str])]) -> Self {
        let parse = |address: &&str| address.parse::<IpAddr>().expect("an address");
        let table: Vec<(String, Vec<IpAddr>)> =
            names.iter().map(|(name, addresses)| (format!("{name}."), addresses.iter().map(parse).collect())).collect();
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        thread::spawn(move || {
            let mut question = [0; MAX_QUESTION];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                if let Some(answer) = answer(&question[..length], &table) {
                    socket.send_to(&answer, from).ok();
                }
            }
        });
        Self { address }
    }
}

fn answer(question: &[u8], table: &[(String, Vec<IpAddr>)]) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    let asked = query.name().to_ascii().to_ascii_lowercase();
    match table.iter().find(|(name, _)| *name == asked) {
        Some((_, addresses)) => {
            for address in addresses {
                let (kind, data) = match *address {
                    IpAddr::V4(address) => (RecordType::A, RData::A(address.into())),
                    IpAddr::V6(address) => (RecordType::AAAA, RData::AAAA(address.into())),
                };
                if kind == query.query_type() {
                    answer.add_answer(Record::from_rdata(query.name().clone(), TTL, data));
                }
            }
        }
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer.add_query(query);
    answer.to_vec().ok()
}
