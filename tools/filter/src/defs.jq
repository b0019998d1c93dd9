# Filters that are said in jq's own language. They are lowered like every program.

def empty: {}[] as $x | .;
def error(message): message | error;
def true: 0 == 0;
def false: 0 != 0;
def null: {}.x;
def not: if . then false else true end;
def select(f): if f then . else empty end;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def abs: if . < 0 then - . else . end;
def finites: select(isinfinite or isnan | not);
def isfinite: type == "number" and (isinfinite | not);
def scalars_or_empty: scalars;
def normals: select(isnormal);
def isvalid(f): try (f | true) catch false;

# Generators
def range($to): range(0; $to; 1);
def range($from; $to): range($from; $to; 1);
def repeat(f): def again: f, again; again;
def recurse(f): def deeper: ., (f | deeper); deeper;
def recurse: recurse(.[]?);
def recurse_down: recurse;
def recurse(f; condition): def deeper: ., (f | select(condition) | deeper); deeper;
def while(condition; update):
  def next: if condition then ., (update | next) else empty end; next;
def until(condition; update):
  def next: if condition then . else update | next end; next;
def isempty(f): first((f | false), true);
def all(f; condition): isempty(f | condition and empty);
def any(f; condition): isempty(f | condition or empty) | not;
def all(condition): all(.[]; condition);
def any(condition): any(.[]; condition);
def all: all(.[]; .);
def any: any(.[]; .);
def add(f): reduce f as $x (null; . + $x);
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def nth($n; f):
  if $n < 0 then error("nth doesn't support negative indices")
  else first(skip($n; f)) end;
def in(object): . as $key | object | has($key);
def inside(whole): . as $part | whole | contains($part);

# Arrays and objects
def map(f): [.[] | f];
def combinations:
  if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;
def combinations($n): . as $choices | [range($n)] | map($choices) | combinations;
def map_values(f): .[] |= f;
def _nwise($n):
  def pieces: if length <= $n then . else .[:$n], (.[$n:] | pieces) end; pieces;
def _nwise(f; $n): f | _nwise($n);
def flatten: flatten(1e9);
def from_entries:
  reduce .[] as $entry ({};
    . + { ($entry | .key // .k // .name // .Name // .Key // .K):
          ($entry | if has("value") then .value elif has("v") then .v
                    elif has("Value") then .Value else .V end) });
def with_entries(f): to_entries | map(f) | from_entries;
def walk(f):
  def inner: if type == "object" or type == "array" then map_values(inner) else . end | f;
  inner;
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def todateiso8601: todate;
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(unit; $seconds): . + $seconds;
def datesub(unit; $seconds): . - $seconds;

# Paths
def paths: path(..) | select(length > 0);
def paths(condition): path(.. | select(condition)) | select(length > 0);
def leaf_paths: paths(scalars);
def del(f): _delete(f);
def pick(f): . as $all | reduce path(f) as $p (null; setpath($p; $all | getpath($p)));
def tostream:
  path(def deeper: (.[]? | deeper), .; deeper) as $p
  | getpath($p)
  | reduce path(.[]?) as $last ([$p, .]; [$p + $last]);
def fromstream(f):
  foreach f as $event ({value: null, done: false};
    if .done then {value: null, done: false} else . end
    | if $event | length == 2
      then .done = ($event[0] | length == 0) | .value = (.value | setpath($event[0]; $event[1]))
      else .done = ($event[0] | length == 1) end;
    if .done then .value else empty end);
def truncate_stream(stream):
  . as $depth | stream | select(.[0] | length > $depth) | .[0] |= .[$depth:];
def truncate_stream($depth; stream): $depth | truncate_stream(stream);

# Texts
def indices($part): _indices($part);
def splits($pattern; $flags):
  . as $text
  | [0, (_match($pattern; "g" + $flags)[] | .offset, .offset + .length), ($text | length)] as $ends
  | range(0; $ends | length; 2) as $i
  | $text[$ends[$i]:$ends[$i + 1]];
def splits($pattern): splits($pattern; null);
def split($pattern; $flags): [splits($pattern; $flags)];
def match($pattern; $flags): _match($pattern; $flags)[];
def match($pattern): match($pattern; null);
def test($pattern): _test($pattern; null);
def test($pattern; $flags): _test($pattern; $flags);
def capture($pattern; $flags):
  match($pattern; $flags)
  | reduce (.captures[] | select(.name != null)) as $group ({}; .[$group.name] = $group.string);
def capture($pattern): capture($pattern; null);
def scan($pattern; $flags):
  match($pattern; "g" + $flags)
  | if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($pattern): scan($pattern; null);
def sub($pattern; insert): _sub($pattern; null; insert);
def sub($pattern; insert; $flags): _sub($pattern; $flags; insert);
def gsub($pattern; insert): _sub($pattern; "g"; insert);
def gsub($pattern; insert; $flags): _sub($pattern; "g" + $flags; insert);
def ascii: [.] | implode;

# As in SQL
def INDEX(stream; key): reduce stream as $row ({}; .[$row | key | tostring] |= $row);
def INDEX(key): INDEX(.[]; key);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; stream; key): stream | [., $index[key]];
def JOIN($index; stream; key; join): stream | [., $index[key]] | join;
def IN(stream): any(stream == .; .);
def IN(source; stream): any(source == stream; .);

# Around the program
def debug(message): (message | debug | empty), .;
def halt_error: halt_error(5);
def have_decnum: false;
def have_literal_numbers: true;
def get_search_list: [];
