//! Expressions without back-references: searched in time that grows with the text alone.

use std::cell::RefCell;

use regex_automata::hybrid::dfa;
use regex_automata::meta;
use regex_automata::nfa::thompson::pikevm;
use regex_automata::nfa::thompson::{self, WhichCaptures, pikevm::PikeVM};
use regex_automata::{Anchored, Input, MatchKind, util::primitives::NonMaxUsize};

use crate::hir::hir;
use crate::node::Node;
use crate::{Captures, Error, Options, Span};

/// Memory for a compiled expression, in bytes: the default memory of a call has room for it beside
/// the text.
const MAX_COMPILED: usize = 16 << 20;

/// Finds the leftmost match, and of those the longest.
pub(crate) struct Automata {
    /// Finds where a match begins; also where it ends, unless greed may fall short.
    first: meta::Regex,
    longest: Option<Longest>,
}

/// Finds where the longest match ends that begins at a known place.
struct Longest {
    dfa: dfa::DFA,
    dfa_cache: RefCell<dfa::Cache>,
    /// For groups, and for word boundaries beyond ASCII, which the other cannot do.
    pike: PikeVM,
    pike_cache: RefCell<pikevm::Cache>,
}

impl Automata {
    pub(crate) fn new(node: &Node, options: Options) -> Result<Self, Error> {
        let hir = hir(node, options.ignore_case)?;
        let too_big = |_| Error::new("Regular expression too big");
        let config = meta::Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(MAX_COMPILED));
        let first = meta::Builder::new()
            .configure(config)
            .build_from_hir(&hir)
            .map_err(too_big)?;
        let longest = if node.is_greed_short() {
            let nfa = thompson::Compiler::new()
                .configure(
                    thompson::Config::new()
                        .utf8(false)
                        .which_captures(WhichCaptures::All)
                        .nfa_size_limit(Some(MAX_COMPILED)),
                )
                .build_from_hir(&hir)
                .map_err(|_| Error::new("Regular expression too big"))?;
            Some(Longest::new(nfa)?)
        } else {
            None
        };
        Ok(Self { first, longest })
    }

    pub(crate) fn is_match(&self, text: &[u8], at: usize) -> bool {
        self.first.is_match(Input::new(text).range(at..))
    }

    pub(crate) fn find(&self, text: &[u8], at: usize) -> Option<Span> {
        let found = self.first.search(&Input::new(text).range(at..))?;
        let end = match &self.longest {
            Some(longest) => longest.end(text, found.start()).unwrap_or(found.end()),
            None => found.end(),
        };
        Some(found.start()..end)
    }

    pub(crate) fn captures(&self, text: &[u8], at: usize, groups: usize) -> Option<Captures> {
        let mut slots = vec![None; 2 * (groups + 1)];
        match &self.longest {
            None => {
                let input = Input::new(text).range(at..);
                self.first.search_slots(&input, &mut slots)?;
            }
            Some(longest) => {
                let found = self.find(text, at)?;
                let input = Input::new(text).range(found).anchored(Anchored::Yes);
                let mut cache = longest.pike_cache.borrow_mut();
                longest.pike.search_slots(&mut cache, &input, &mut slots)?;
            }
        }
        let offset = |slot: Option<&Option<NonMaxUsize>>| Some(slot.copied()??.get());
        let spans = (0..=groups)
            .map(|group| Some(offset(slots.get(2 * group))?..offset(slots.get(2 * group + 1))?));
        Some(Captures {
            spans: spans.collect(),
        })
    }
}

impl Longest {
    fn new(nfa: thompson::NFA) -> Result<Self, Error> {
        // Not the first of several matches counts, but the last that is reached.
        let config = dfa::Config::new()
            .match_kind(MatchKind::All)
            .unicode_word_boundary(true)
            .skip_cache_capacity_check(true);
        let dfa = dfa::Builder::new()
            .configure(config)
            .build_from_nfa(nfa.clone())
            .map_err(|error| Error::new(error.to_string()))?;
        let pike = pikevm::Builder::new()
            .configure(pikevm::Config::new().match_kind(MatchKind::All))
            .build_from_nfa(nfa)
            .map_err(|error| Error::new(error.to_string()))?;
        Ok(Self {
            dfa_cache: RefCell::new(dfa.create_cache()),
            dfa,
            pike_cache: RefCell::new(pike.create_cache()),
            pike,
        })
    }

    fn end(&self, text: &[u8], start: usize) -> Option<usize> {
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        let found = self
            .dfa
            .try_search_fwd(&mut self.dfa_cache.borrow_mut(), &input);
        if let Ok(found) = found {
            return found.map(|half| half.offset());
        }
        let mut slots = [None; 2];
        self.pike
            .search_slots(&mut self.pike_cache.borrow_mut(), &input, &mut slots)?;
        let [_, end] = slots;
        end.map(NonMaxUsize::get)
    }
}
