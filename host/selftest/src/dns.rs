//! A nameserver on loopback, with a table of its own.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::thread;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};

use crate::problem::Problem;

/// Seconds for which answers may be remembered: none, so that no call depends on the one before.
const TTL: u32 = 0;

/// The largest question that is read, in bytes.
const MAX_QUESTION: usize = 4096;

/// Answers what its table says, until the process ends.
#[derive(Debug)]
pub struct Dns {
    /// The address it listens on.
    pub address: SocketAddr,
}

impl Dns {
    /// Starts it with names and all of their addresses. Other names do not exist.
    ///
    /// # Errors
    /// An address is none, or loopback has no free port.
    pub fn start(names: &[(&str, &[&str])]) -> Result<Self, Problem> {
        let parse = |address: &&str| Problem::at(address, address.parse::<IpAddr>());
        let mut table = Vec::new();
        for (name, addresses) in names {
            table.push((
                format!("{name}."),
                addresses.iter().map(parse).collect::<Result<Vec<_>, _>>()?,
            ));
        }
        let socket = Problem::at("a free port", UdpSocket::bind("127.0.0.1:0"))?;
        let address = Problem::at("a bound socket", socket.local_addr())?;
        thread::spawn(move || {
            let mut question = [0; MAX_QUESTION];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                if let Some(answer) = question
                    .get(..length)
                    .and_then(|question| answer(question, &table))
                {
                    // Who asked may have gone.
                    socket.send_to(&answer, from).ok();
                }
            }
        });
        Ok(Self { address })
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
