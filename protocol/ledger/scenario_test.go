package ledger_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// The scenarios in testdata/*.txt read like minutes: commands, a line "----",
// what they print, an empty line. UPDATE_GOLDEN=1 writes the output anew.
//
//	genesis [max=N] [immunity=N]    begin again: validators v1 v2 v3, miners m1 m2, and rich
//	to H                            empty blocks up to height H; prints what happened
//	tx NAME KIND [key=value …]      a transaction, which waits
//	block [as=V] [old=V] [header=V] [eligible=V,…]
//	                                makes one of what waits, with as=V's link, or one of old=V's
//	                                first chain, and header=V in its header; eligible are the
//	                                true proposers of the rounds of the block before
//	show THING …                    supply, account N, seat N, set, epoch E, payments E, duties R, drawn E
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScenario(t, file) })
	}
}

func runScenario(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{t: t, n: newNetwork(t, testGenesis())}
	var out strings.Builder
	for i, stanza := range strings.Split(strings.TrimRight(string(raw), "\n"), "\n\n") {
		commands, want, _ := strings.Cut(stanza, "\n----\n")
		commands = strings.TrimSuffix(commands, "\n----")
		s.out.Reset()
		for line := range strings.Lines(commands) {
			s.line(strings.TrimSpace(line))
		}
		got := strings.TrimRight(s.out.String(), "\n")
		if got != want && os.Getenv("UPDATE_GOLDEN") == "" {
			t.Errorf("%s, stanza %d:\n%s\ngot:\n%s\nwant:\n%s", file, i+1, commands, got, want)
		}
		if i > 0 {
			out.WriteString("\n")
		}
		if got == "" && !strings.Contains(stanza, "----") {
			fmt.Fprintf(&out, "%s\n", stanza)
			continue
		}
		fmt.Fprintf(&out, "%s\n----\n%s\n", commands, got)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(out.String(), "----\n\n", "----\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// scenario is the state of one file.
type scenario struct {
	t       *testing.T
	n       *network
	waiting [][]byte
	labels  []string
	ahead   map[string]uint64 // transactions of a signer that wait
	out     strings.Builder
}

func (s *scenario) printf(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *scenario) line(line string) {
	f := strings.Fields(line)
	if len(f) == 0 || strings.HasPrefix(line, "#") {
		return
	}
	a := args(f)
	switch f[0] {
	case "genesis":
		g := testGenesis()
		if v, ok := a["max"]; ok {
			g.Params.Seats.Max = uint32(number(s.t, v))
		}
		if v, ok := a["immunity"]; ok {
			g.Params.Seats.Immunity = number(s.t, v)
		}
		s.n = newNetwork(s.t, g)
	case "to":
		for h := protocol.Height(number(s.t, f[1])); s.n.height < h; {
			s.n.block()
			s.happened()
		}
	case "tx":
		raw := s.n.txAt(account(f[1]), s.nonce(f[1], a), s.body(f[1], f[2], a))
		s.waiting, s.labels = append(s.waiting, raw), append(s.labels, f[1]+" "+f[2])
	case "block":
		s.block(a)
	case "show":
		s.show(f[1:])
	default:
		s.t.Fatalf("unknown command %q", line)
	}
}

// args reads the key=value fields of a line.
func args(fields []string) map[string]string {
	a := make(map[string]string)
	for _, f := range fields {
		if k, v, ok := strings.Cut(f, "="); ok {
			a[k] = v
		}
	}
	return a
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func amount(t *testing.T, s string) protocol.Amount {
	t.Helper()
	v, err := protocol.ParseAmount(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// account is the name of a key, with "_" for the space of "v1 cold".
func account(name string) string { return strings.ReplaceAll(name, "_", " ") }

func (s *scenario) nonce(name string, a map[string]string) uint64 {
	if v, ok := a["nonce"]; ok {
		return number(s.t, v)
	}
	if s.ahead == nil {
		s.ahead = make(map[string]uint64)
	}
	s.ahead[name]++
	return s.n.nonce(secret(account(name)).Public()) + s.ahead[name] - 1
}

// body makes the body of a transaction of a type.
func (s *scenario) body(name, typ string, a map[string]string) wire.Body {
	epoch := func() protocol.Epoch { return protocol.Epoch(number(s.t, a["epoch"])) }
	switch typ {
	case "transfer":
		return &wire.Transfer{To: secret(account(a["to"])).Public(), Amount: amount(s.t, a["amount"])}
	case "register":
		return s.n.register(account(name), a["hotkey"], amount(s.t, a["max"]))
	case "stake":
		return &wire.AddStake{Hotkey: secret(a["hotkey"]).Public(), Amount: amount(s.t, a["amount"])}
	case "unstake":
		return &wire.RemoveStake{Hotkey: secret(a["hotkey"]).Public(), Amount: amount(s.t, a["amount"])}
	case "serve":
		return s.n.serveAs(name, uint16(number(s.t, a["capacity"])))
	case "consensus":
		return s.n.consensusAs(name, " consensus", "127.0.0.1:26656")
	case "chain":
		start := protocol.Height(number(s.t, a["start"]))
		s.n.makers[name] = append(s.n.makers[name], chainOf(name, start))
		return &wire.ExtendBeacon{Start: start, Anchor: chainOf(name, start).Anchor()}
	case "commit":
		return &wire.Commit{Round: protocol.Round(number(s.t, a["round"])), Root: wire.HashOf("root", []byte(name))}
	case "seal":
		r := s.row(epoch(), a)
		return &wire.CommitWeights{Epoch: r.Epoch, Hash: r.Seal(secret(name).Public())}
	case "open":
		return s.row(epoch(), a)
	case "seal-cards":
		b := s.found(name, epoch(), a["found"])
		return &wire.SealCards{Epoch: b.Epoch, Seal: b.Seal(secret(name).Public())}
	case "open-cards":
		return s.found(name, epoch(), a["found"])
	}
	s.t.Fatalf("unknown transaction %q", typ)
	return nil
}

// row reads weights=m1:100,m2:50.
func (s *scenario) row(e protocol.Epoch, a map[string]string) *wire.RevealWeights {
	r := &wire.RevealWeights{Epoch: e, Salt: [32]byte{byte(e)}}
	values := map[protocol.UID]uint16{}
	for item := range strings.SplitSeq(a["weights"], ",") {
		if name, value, ok := strings.Cut(item, ":"); ok {
			values[s.n.seat(name).ID.UID] = uint16(number(s.t, value))
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(values)) {
		r.UIDs, r.Values = append(r.UIDs, uid), append(r.Values, values[uid])
	}
	return r
}

// found reads findings, "passed" where none are told: a letter for each, p for
// passed, f for false, m for malformed, - for none.
func (s *scenario) found(name string, e protocol.Epoch, letters string) *wire.OpenCards {
	var findings []byte
	for _, c := range letters {
		findings = append(findings, byte(strings.IndexRune("-pmf", c)))
	}
	return s.n.opens(name, e, findings, 1)
}

// block makes a block, or prints why it is refused.
func (s *scenario) block(a map[string]string) {
	b := s.n.draft(s.waiting...)
	if v, ok := a["header"]; ok {
		b.Proposer = secret(v + " consensus").Public()
		b.Txs[0] = s.n.head(b.Proposer, b.Height)
	}
	if v, ok := a["as"]; ok { // its link, whatever the header says
		b.Txs[0] = s.n.head(secret(v+" consensus").Public(), b.Height)
		if _, other := a["header"]; !other {
			b.Proposer = secret(v + " consensus").Public()
		}
	}
	if v, ok := a["eligible"]; ok {
		b.PrevEligible = nil
		for name := range strings.SplitSeq(v, ",") {
			b.PrevEligible = append(b.PrevEligible, secret(name+" consensus").Public())
		}
	}
	if v, ok := a["old"]; ok { // a link of the chain that the genesis named
		link, _ := s.n.makers[v][0].Link(b.Height)
		b.Txs[0] = wire.Encode(&wire.BlockHead{Link: link})
	}
	labels := s.labels
	s.waiting, s.labels, s.ahead = nil, nil, nil
	if len(labels) > 1 {
		labels = s.lanes(b, labels)
	}
	if err := ledger.CheckBlock(s.n.tree, s.n.chain, s.n.p, b); err != nil {
		s.printf("h%d refused: %s", b.Height, s.named(err.Error()))
		return
	}
	res := s.n.apply(b)
	for i, r := range res.Txs {
		outcome := "ok"
		if r.Err != nil {
			outcome = s.named(r.Err.Error())
		}
		s.printf("h%d %s: %s", b.Height, labels[i], outcome)
	}
	s.happened()
}

// lanes leaves out of a block what lanes carry that does not count in it, as every
// proposer does, and says why.
func (s *scenario) lanes(b *ledger.Block, labels []string) (kept []string) {
	txs := b.Txs[1:]
	b.Txs = b.Txs[:1:1]
	for i, raw := range txs {
		tx, _, err := wire.ReadTx(raw, s.n.chain)
		if err != nil {
			s.t.Fatal(err)
		}
		b.Txs = append(b.Txs, raw)
		if err := ledger.CheckBlock(s.n.tree, s.n.chain, s.n.p, b); err != nil && tx.Type.Lane() {
			b.Txs = b.Txs[:len(b.Txs)-1]
			s.printf("h%d %s is left out: %s", b.Height, labels[i], s.named(err.Error()))
			continue
		}
		kept = append(kept, labels[i])
	}
	return kept
}

// named puts names for addresses.
func (s *scenario) named(text string) string {
	for k, name := range s.n.names {
		text = strings.ReplaceAll(text, k.String(), name)
	}
	for k, name := range s.n.consKeys {
		text = strings.ReplaceAll(text, k.String(), name+"'s consensus key")
	}
	return text
}

// happened prints the last block's events, but the beacon's.
func (s *scenario) happened() {
	for _, e := range s.n.last.Events {
		at := fmt.Sprintf("h%d %s:", e.Height, e.Name)
		switch e.Name {
		case ledger.EventBeacon:
		case ledger.EventTaskSeed:
			s.printf("%s round %d", at, e.Round)
		case ledger.EventGiven:
			s.printf("%s round %d, %d answers", at, e.Round, e.Count)
		case ledger.EventDutySeed:
			s.printf("%s round %d, %d duties", at, e.Round, e.Count)
		case ledger.EventPaid:
			s.printf("%s epoch %d, %s to %d seats", at, e.Epoch, e.Amount, e.Count)
		case ledger.EventRegistered:
			s.printf("%s %s as seat %d for %s", at, s.n.names[e.Hotkey], e.Seat.UID, e.Amount)
		default:
			s.printf("%s %s, epoch %d", at, s.n.names[e.Hotkey], e.Epoch)
		}
	}
	for _, v := range s.n.last.Validators {
		s.printf("h%d consensus: %s has power %d", s.n.height, s.n.consKeys[v.Key], v.Power)
	}
}

// show prints a part of the state.
func (s *scenario) show(f []string) {
	r := s.n.tree
	arg := func() uint64 { return number(s.t, f[1]) }
	switch f[0] {
	case "supply":
		v, _ := ledger.ReadSupply(r)
		s.printf("issued %s = balances %s + stakes %s + unbonding %s + pot %s + burned %s", v.Issued, v.Balances, v.Stakes, v.Unbonding, v.Pot, v.Burned)
	case "account":
		v := s.n.account(account(f[1]))
		s.printf("%s: balance %s, nonce %d", f[1], v.Balance, v.Nonce)
	case "price":
		m, _, _ := ledger.ReadMeta(r)
		s.printf("%s", m.Price)
	case "seat":
		v := s.n.seat(f[1])
		s.printf("%s: uid %d, registered %d, permit %v, asked %v, slots %d, updated %d, emission %s", f[1], v.ID.UID, v.ID.Registered, v.Permit, v.Asked, v.Slots, v.LastUpdate, v.Emission)
	case "set":
		set, _, _ := ledger.ReadValidators(r)
		for _, v := range set.Set {
			s.printf("%s power %d", s.n.consKeys[v.Key], v.Power)
		}
	case "epoch":
		v, _, _ := ledger.ReadEpoch(r, protocol.Epoch(arg()))
		s.printf("epoch %d at %d: emission %s = miners %s + validators %s + carried %s", v.Epoch, v.Height, v.Emission, v.Miners, v.Validators, v.Carried)
	case "payments":
		list, _ := ledger.ReadPayments(r, protocol.Epoch(arg()))
		for _, v := range list {
			s.printf("%s: consensus %d incentive %d dividend %d trust %d duty %d (%d of %d) miner %s validator %s",
				s.n.names[v.Hotkey], v.Consensus, v.Incentive, v.Dividend, v.Trust, v.Duty, v.Fulfilled, v.Drawn, v.Miner, v.Validator)
		}
	case "duties":
		list, _ := ledger.ReadAllDuties(r, protocol.Round(arg()))
		for _, v := range list {
			for _, d := range v.Duties {
				s.printf("slot %d: seat %d", d.Slot, d.Judge.UID)
			}
		}
	case "drawn":
		for _, name := range []string{"v1", "v2", "v3"} {
			v, _, _ := ledger.ReadDrawn(r, protocol.Epoch(arg()), s.n.seat(name).ID.UID)
			s.printf("%s %v", name, v.Counts())
		}
	default:
		s.t.Fatalf("show what? %v", f)
	}
}
