package dashboard

import (
	"fmt"
	"strconv"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
)

// document is a page as the template shows it: a title, a sentence, and sections in
// their order.
type document struct {
	Title, Lead string
	Here        string // path of the entry of the menu that it belongs to
	Chain       string // the network's id
	Height      protocol.Height
	Epoch       protocol.Epoch
	Time        string // of the newest block; empty where it is not known
	Sections    []section
	News        bool // shows events as they come
}

// section is a part of a page under a heading; what it does not have is left out.
type section struct {
	Title string
	Notes []string // sentences
	Facts []fact
	Chart *chart
	Table *table
	Texts []text
	Form  *form
	More  []link
}

// fact is a name with what it is.
type fact struct {
	Name  string
	Value cell
}

// cell is what a table or a fact holds; with a path it leads there.
type cell struct {
	Text string
	Path string
	// Number puts it to the right.
	Number bool
}

// table is one with a head. Name says what it has, for who does not see it.
type table struct {
	Name string
	Head []cell
	Rows [][]cell
}

// text is what somebody wrote, or a command, as it is.
type text struct {
	Name string
	Body string
}

// link leads to another page.
type link struct{ Text, Path string }

// form asks for settings; it is sent as a query.
type form struct {
	Path   string
	Fields []field
	Button string
}

type field struct{ Name, About, Value string }

func plain(s string) cell { return cell{Text: s} }

func number[T ~uint16 | ~uint32 | ~uint64 | ~int](n T) cell {
	return cell{Text: strconv.FormatUint(uint64(n), 10), Number: true}
}

func amount(a protocol.Amount) cell { return cell{Text: earning.Short(a), Number: true} }

// minerCell leads to the page of a miner.
func minerCell(uid protocol.UID) cell { return seatCell("miner", uid) }

func validatorCell(uid protocol.UID) cell { return seatCell("validator", uid) }

func seatCell(role string, uid protocol.UID) cell {
	n := strconv.Itoa(int(uid))
	return cell{Text: n, Path: prefix + role + "/" + n, Number: true}
}

// part is a share of a whole, as a decimal with four digits, rounded down.
func part(n, whole uint64) cell {
	const digits = 10_000
	q := n * digits / whole
	return cell{Text: fmt.Sprintf("%d.%04d", q/digits, q%digits), Number: true}
}

// when is a time as people and programs read it; "–" of none.
func when(t time.Time) cell {
	if t.IsZero() {
		return plain("–")
	}
	return plain(t.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// short is the beginning of an id, and short enough for a table.
func short(id string) string { return id[:min(len(id), 12)] }

// tail is the end of an address, as commands take it.
func tail(k protocol.PublicKey) cell {
	s := k.String()
	return plain("…" + s[len(s)-min(len(s), 10):])
}

func heads(names ...string) []cell {
	out := make([]cell, len(names))
	for i, n := range names {
		out[i] = plain(n)
		if len(n) > 0 && n[0] == '#' { // a column of numbers
			out[i] = cell{Text: n[1:], Number: true}
		}
	}
	return out
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// count is a number of things in words: "1 seat", "3 seats".
func count[T ~int | ~uint32 | ~uint64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatUint(uint64(n), 10) + " " + many
}
