package usage

import (
	"regexp"
	"strings"
)

// Line returns an error as one line, in [Plain] words.
func Line(err error) string { return Plain(strings.Join(strings.Fields(err.Error()), " ")) }

// packages are those whose errors begin with their name: a test finds them.
const packages = `api|arith|audit|backend|chattemplate|consensus|dashboard|engine|fixed|gbnf|gguf|gossip|grammar|gramset|inference|jsonschema|` +
	`key|keystore|label|ledger|marked|meter|miner|native|node|pair|params|preference|protocol|ptx|record|regex|repeats|runes|sandbox|sched|server|shelf|` +
	`schema|scoring|state|store|submit|syntax|synthetic|task|tokenizer|validator|value|weights|wire|yuma`

var (
	packageName = regexp.MustCompile(`(^|[:;] |\()(?:` + packages + `): `)
	kindName    = regexp.MustCompile(`\bErr(?:[A-Z][a-z]+)+\b`)
	capital     = regexp.MustCompile(`[A-Z]`)
)

// Plain returns the text of an error without what means something in the
// program's text alone: "keystore: no passphrase" loses the name of a package,
// and "ErrNoSeat" becomes "no seat". Errors carry them for programs, and nodes
// send them.
func Plain(text string) string {
	text = packageName.ReplaceAllString(text, "$1")
	return kindName.ReplaceAllStringFunc(text, func(name string) string {
		spaced := capital.ReplaceAllString(strings.TrimPrefix(name, "Err"), " $0")
		return strings.ToLower(strings.TrimSpace(spaced))
	})
}
