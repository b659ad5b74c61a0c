//! A reader of regular expressions, as far as a contract needs them: what is the longest text that one matches, does a
//! text match, and what would a matching text look like.
//!
//! It knows literals, classes, groups, alternatives and counts. Look-around, back references and named classes other
//! than `\d` are not understood: judges of three languages read those differently, so a contract should not use them.

/// Repeats beyond this are taken as unbounded.
const UNBOUNDED: usize = 100_000;
/// In the order in which an example prefers them.
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/@+= ";

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    choices: Vec<Vec<Item>>,
    from_start: bool,
    to_end: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Item {
    node: Node,
    least: usize,
    most: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(char),
    Class { ranges: Vec<(char, char)>, negated: bool },
    Group(Vec<Vec<Item>>),
}

impl Pattern {
    /// Reads a pattern; `None` where it uses what is not understood.
    pub fn read(source: &str) -> Option<Self> {
        let (source, from_start) = source.strip_prefix('^').map_or((source, false), |rest| (rest, true));
        let ends = source.ends_with('$') && !source.ends_with("\\$");
        let source = if ends { source.strip_suffix('$')? } else { source };
        let mut reader = Reader {
            rest: source.chars().collect::<Vec<_>>().into_iter().peekable(),
        };
        let choices = reader.choices(0)?;
        // `^a|b$` binds tighter than it looks; whoever means it writes a group.
        let whole = reader.rest.peek().is_none() && (choices.len() == 1 || !(from_start || ends));
        whole.then_some(Self {
            choices,
            from_start,
            to_end: ends,
        })
    }

    /// The length of the longest text that matches, in characters; `None` where there is no end.
    pub fn longest(&self) -> Option<usize> {
        (self.from_start && self.to_end)
            .then(|| longest(&self.choices))
            .flatten()
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let starts = if self.from_start { 0..=0 } else { 0..=text.len() };
        starts.into_iter().any(|start| {
            let rest = text.get(start..).unwrap_or_default();
            any(&self.choices, rest, &mut |left| !self.to_end || left.is_empty())
        })
    }

    /// A text that matches, the same one each time for the same seed, with about as many characters as `wanted`.
    pub fn example(&self, seed: u64, wanted: usize) -> String {
        let mut made = String::new();
        let mut state = seed | 1;
        if let Some(first) = self.choices.first() {
            write(first, wanted, &mut state, &mut made);
        }
        made
    }
}

fn longest(choices: &[Vec<Item>]) -> Option<usize> {
    let mut most = 0;
    for items in choices {
        let mut length = 0;
        for item in items {
            let one = match &item.node {
                Node::Group(inner) => longest(inner)?,
                _ => 1,
            };
            if item.most >= UNBOUNDED {
                return None;
            }
            length += one * item.most;
        }
        most = most.max(length);
    }
    Some(most)
}

fn any(choices: &[Vec<Item>], text: &[char], then: &mut dyn FnMut(&[char]) -> bool) -> bool {
    choices.iter().any(|items| sequence(items, 0, text, then))
}

/// Matches `items`, of which the first has matched `count` times already.
fn sequence(items: &[Item], count: usize, text: &[char], then: &mut dyn FnMut(&[char]) -> bool) -> bool {
    let Some((item, after)) = items.split_first() else {
        return then(text);
    };
    if count < item.most {
        let again = match &item.node {
            Node::Group(inner) => any(inner, text, &mut |left| {
                // An empty turn of a loop would go on for ever.
                (left.len() < text.len() || count < item.least) && sequence(items, count + 1, left, then)
            }),
            single => text
                .split_first()
                .is_some_and(|(first, left)| accepts(single, *first) && sequence(items, count + 1, left, then)),
        };
        if again {
            return true;
        }
    }
    count >= item.least && sequence(after, 0, text, then)
}

fn accepts(node: &Node, found: char) -> bool {
    match node {
        Node::Literal(wanted) => *wanted == found,
        Node::Class { ranges, negated } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&found)) != *negated,
        Node::Group(_) => false,
    }
}

fn write(items: &[Item], wanted: usize, state: &mut u64, made: &mut String) {
    for item in items {
        let spare = wanted.saturating_sub(made.chars().count());
        let times = match item.node {
            Node::Class { .. } => item.least.max(spare.min(item.most)),
            _ => item.least,
        };
        for _ in 0..times {
            match &item.node {
                Node::Literal(one) => made.push(*one),
                Node::Group(inner) => inner.first().into_iter().for_each(|first| write(first, 0, state, made)),
                class @ Node::Class { ranges, .. } => {
                    let fitting: Vec<char> = ALPHABET.chars().filter(|one| accepts(class, *one)).collect();
                    // xorshift: enough to look unlike a row of equal letters
                    *state ^= *state << 13;
                    *state ^= *state >> 7;
                    *state ^= *state << 17;
                    let size = u64::try_from(fitting.len()).unwrap_or(1).max(1);
                    let place = usize::try_from(*state % size).unwrap_or(0);
                    made.extend(fitting.get(place).or_else(|| ranges.first().map(|(from, _)| from)));
                }
            }
        }
    }
}

struct Reader {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
}

impl Reader {
    fn choices(&mut self, depth: usize) -> Option<Vec<Vec<Item>>> {
        if depth > 8 {
            return None;
        }
        let mut choices = vec![Vec::new()];
        while let Some(&next) = self.rest.peek() {
            match next {
                ')' => break,
                '|' => {
                    self.rest.next();
                    choices.push(Vec::new());
                }
                _ => {
                    let node = self.node(depth)?;
                    let (least, most) = self.count()?;
                    choices.last_mut()?.push(Item { node, least, most });
                }
            }
        }
        Some(choices)
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        match self.rest.next()? {
            '(' => {
                if self.rest.next_if_eq(&'?').is_some() {
                    self.rest.next_if_eq(&':')?;
                }
                let inner = self.choices(depth + 1)?;
                self.rest.next_if_eq(&')')?;
                Some(Node::Group(inner))
            }
            '[' => self.class(),
            '.' => Some(Node::Class {
                ranges: vec![('\n', '\n')],
                negated: true,
            }),
            '\\' => match self.rest.peek()? {
                'd' => {
                    self.rest.next();
                    Some(Node::Class {
                        ranges: vec![('0', '9')],
                        negated: false,
                    })
                }
                _ => self.escaped().map(Node::Literal),
            },
            '^' | '$' | '*' | '+' | '?' => None,
            literal => Some(Node::Literal(literal)),
        }
    }

    fn class(&mut self) -> Option<Node> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        loop {
            let from = match self.rest.next()? {
                ']' => return Some(Node::Class { ranges, negated }),
                '\\' if self.rest.next_if_eq(&'d').is_some() => {
                    ranges.push(('0', '9'));
                    continue;
                }
                '\\' => self.escaped()?,
                one => one,
            };
            if self.rest.next_if_eq(&'-').is_none() {
                ranges.push((from, from));
                continue;
            }
            match self.rest.next()? {
                ']' => {
                    ranges.extend([(from, from), ('-', '-')]);
                    return Some(Node::Class { ranges, negated });
                }
                '\\' => ranges.push((from, self.escaped()?)),
                to => ranges.push((from, to)),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        match self.rest.next()? {
            't' => Some('\t'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            'x' => self.code_point(2),
            'u' => self.code_point(4),
            letter if letter.is_ascii_alphanumeric() => None,
            mark => Some(mark),
        }
    }

    fn code_point(&mut self, digits: usize) -> Option<char> {
        let mut code = 0;
        for _ in 0..digits {
            code = code * 16 + self.rest.next()?.to_digit(16)?;
        }
        char::from_u32(code)
    }

    fn count(&mut self) -> Option<(usize, usize)> {
        let counted = match self.rest.peek() {
            Some('?') => (0, 1),
            Some('*') => (0, UNBOUNDED),
            Some('+') => (1, UNBOUNDED),
            Some('{') => return self.braces(),
            _ => return Some((1, 1)),
        };
        self.rest.next();
        self.rest.next_if_eq(&'?');
        Some(counted)
    }

    fn braces(&mut self) -> Option<(usize, usize)> {
        self.rest.next();
        let mut inside = String::new();
        loop {
            match self.rest.next()? {
                '}' => break,
                one => inside.push(one),
            }
        }
        self.rest.next_if_eq(&'?');
        match inside.split_once(',') {
            None => inside.parse().ok().map(|exact| (exact, exact)),
            Some((least, "")) => Some((least.parse().ok()?, UNBOUNDED)),
            Some((least, most)) => Some((least.parse().ok()?, most.parse().ok()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_match_their_patterns() {
        for (source, longest) in [
            ("^deal_[0-9a-hjkmnp-tv-z]{26}$", Some(31)),
            ("^-?[0-9]{1,15}(\\.[0-9]{1,4})?$", Some(21)),
            ("^[A-Z]{3}$", Some(3)),
            ("^(DR|LD)-[0-9]{4}-[0-9]{6}$", Some(14)),
            ("^[^\\x00-\\x1f\\x7f]*$", None),
            ("^P(?:\\d+D|T\\d+H)$", None),
            ("^[a-z][a-z0-9_-]{0,62}$", Some(63)),
            ("^(ext:[a-z]+:.+|deal_[0-9]{2})$", None),
            ("^\"[!#-~]*\"$", None),
            ("^(a*)*b$", None),
        ] {
            let pattern = Pattern::read(source).unwrap_or_else(|| panic!("{source} is not understood"));
            let example = pattern.example(7, 12);
            assert!(pattern.matches(&example), "{source} does not match {example}");
            assert_eq!(pattern.longest(), longest, "{source}");
        }
    }

    #[test]
    fn what_does_not_match_is_refused() {
        let refused = [
            ("^[A-Z]{3}$", "EUROS"),
            ("^(ab|cd)+$", "abc"),
            ("^a?b$", "aab"),
            ("^[^\\x00-\\x1f]*$", "a\nb"),
            ("^\\.$", "x"),
        ];
        for (source, text) in refused {
            assert!(!Pattern::read(source).unwrap().matches(text), "{source} matches {text}");
        }
        assert!(Pattern::read("b+").unwrap().matches("abbc"));
    }

    #[test]
    fn what_is_read_differently_elsewhere_is_not_understood() {
        for source in ["^\\w+$", "^(?=a)b$", "^\\s*$", "^(a)\\1$", "^a|b$", "^(a$", "^[a$"] {
            assert_eq!(Pattern::read(source), None, "{source}");
        }
    }
}
