package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

func TestBodiesOverTheirLimitsAreRefused(t *testing.T) {
	long := make([]protocol.UID, 4097)
	for i := range long {
		long[i] = protocol.UID(i)
	}
	for name, c := range map[string]struct {
		body wire.Body
		want error
	}{
		"stake of nothing":      {&wire.AddStake{}, wire.ErrLimit},
		"unstake of all":        {&wire.RemoveStake{}, nil},
		"too many models":       {&wire.Serve{Offers: []wire.Offer{{Kind: "a", Models: make([]protocol.ModelID, 17)}}}, wire.ErrLimit},
		"too many addresses":    {&wire.Serve{Addresses: make([]string, 9)}, wire.ErrLimit},
		"too many offers":       {&wire.Serve{Offers: make([]wire.Offer, 9)}, wire.ErrLimit},
		"offers unsorted":       {&wire.Serve{Offers: []wire.Offer{{Kind: "b"}, {Kind: "a"}}}, wire.ErrNotCanonical},
		"offers repeated":       {&wire.Serve{Offers: []wire.Offer{{Kind: "a"}, {Kind: "a"}}}, wire.ErrNotCanonical},
		"an offer of no kind":   {&wire.Serve{Offers: []wire.Offer{{}}}, wire.ErrLimit},
		"too much capacity":     {&wire.Serve{Offers: []wire.Offer{{Kind: "a", Capacity: wire.MaxSlots}, {Kind: "b", Capacity: 1}}}, wire.ErrLimit},
		"a long address":        {&wire.Serve{Addresses: []string{strings.Repeat("a", 129)}}, wire.ErrLimit},
		"an address that beeps": {&wire.Serve{Addresses: []string{"a\x07"}}, wire.ErrLimit},
		"a long kind":           {&wire.Serve{Offers: []wire.Offer{{Kind: protocol.Kind(strings.Repeat("a", 17))}}}, wire.ErrLimit},
		"a kind beyond ASCII":   {&wire.Serve{Offers: []wire.Offer{{Kind: "ä"}}}, wire.ErrLimit},
		"a long host":           {&wire.SetConsensusKey{Address: strings.Repeat("a", 129)}, wire.ErrLimit},
		"a host with escapes":   {&wire.SetConsensusKey{Address: "\x1b[31m"}, wire.ErrLimit},
		"uneven weights":        {&wire.RevealWeights{UIDs: []protocol.UID{1}}, wire.ErrLimit},
		"too many weights":      {&wire.RevealWeights{UIDs: long, Values: make([]uint16, len(long))}, wire.ErrLimit},
		"unsorted weights":      {&wire.RevealWeights{UIDs: []protocol.UID{2, 1}, Values: []uint16{1, 1}}, wire.ErrNotCanonical},
		"repeated weights":      {&wire.RevealWeights{UIDs: []protocol.UID{2, 2}, Values: []uint16{1, 1}}, wire.ErrNotCanonical},
		"too many findings":     {&wire.OpenCards{Findings: make([]byte, wire.MaxFindings+1)}, wire.ErrLimit},
		"a fourth finding":      {&wire.OpenCards{Findings: []byte{0, 4}}, wire.ErrUnknown},
		"more cards than found": {&wire.OpenCards{Shown: []wire.Card{*sampleCard()}}, wire.ErrLimit},
		"a card of nothing":     {&wire.OpenCards{Findings: make([]byte, 1), Shown: make([]wire.Card, 1)}, wire.ErrUnknown},
		"a large card":          {&wire.OpenCards{Findings: make([]byte, 1), Shown: []wire.Card{large(wire.MaxShownCard)}}, wire.ErrLimit},
		"too much is shown":     {&wire.OpenCards{Findings: make([]byte, 30), Shown: slices.Repeat([]wire.Card{large(3000)}, 16)}, wire.ErrLimit},
		"too many answers":      {&wire.Attest{Bits: make(wire.Bits, wire.MaxAttestBytes+1)}, wire.ErrLimit},
		"evidence of slots":     {&wire.Challenge{Evidence: wire.Evidence{Case: wire.Case{Slot: wire.MaxSlots}}}, wire.ErrLimit},
		"evidence proven long":  {&wire.JudgeChallenge{Evidence: wire.Evidence{Proof: make([]protocol.Hash, 11)}}, wire.ErrLimit},
		"evidence of two cards": {&wire.Challenge{Evidence: wire.Evidence{Cards: slices.Repeat([]wire.Card{*sampleCard()}, 2)}}, wire.ErrLimit},
		"a card of no finding":  {&wire.Challenge{Evidence: wire.Evidence{Cards: make([]wire.Card, 1)}}, wire.ErrUnknown},
		"a card at length":      {&wire.Challenge{Evidence: wire.Evidence{Cards: []wire.Card{large(wire.MaxShownCard)}}}, wire.ErrLimit},
		"a vote for a fourth":   {&wire.OpenVote{Finding: 4, Found: hash("found"), Backends: wire.ByNative}, wire.ErrUnknown},
		"a vote in no words":    {&wire.OpenVote{Finding: wire.FoundFalse}, wire.ErrUnknown},
		"a vote by nothing":     {&wire.OpenVote{Finding: wire.FoundFalse, Found: hash("found")}, wire.ErrUnknown},
		"a vote by a fourth":    {&wire.OpenVote{Finding: wire.FoundFalse, Found: hash("found"), Backends: 8}, wire.ErrUnknown},
		"nothing, by something": {&wire.OpenVote{Backends: wire.ByNative}, wire.ErrUnknown},
		"words of no vote":      {&wire.OpenVote{Found: hash("found")}, wire.ErrUnknown},
		"an appeal of no slot":  {&wire.Appeal{Case: wire.Case{Slot: wire.MaxSlots}}, wire.ErrLimit},
		"too many origins":      {&wire.OpenPairs{Origins: make([]byte, 129)}, wire.ErrLimit},
		"an unknown origin":     {&wire.OpenPairs{Origins: []byte{27}}, wire.ErrLimit},
		"no ratings":            {&wire.OpenRatings{}, wire.ErrLimit},
		"too many ratings":      {&wire.OpenRatings{Ratings: make([]byte, 513)}, wire.ErrLimit},
		"a sixth key":           {&wire.OpenRatings{Ratings: []byte{0x60}}, wire.ErrLimit},
		"a sixth key below":     {&wire.OpenRatings{Ratings: []byte{0x06}}, wire.ErrLimit},
		"ratings proven long":   {&wire.OpenRatings{Ratings: []byte{1}, Proof: make([]protocol.Hash, 11)}, wire.ErrLimit},
		"no specification":      {&wire.Request{Count: 1, Price: 1, Maximum: 1}, wire.ErrLimit},
		"a specification bomb":  {&wire.Request{Specification: strings.Repeat("[", wire.MaxSpecification+1), Count: 1, Price: 1, Maximum: 1}, wire.ErrLimit},
		"no records":            {&wire.Request{Specification: "{}", Price: 1, Maximum: 1}, wire.ErrLimit},
		"too many records":      {&wire.Request{Specification: "{}", Count: wire.MaxRequested + 1, Price: 1, Maximum: 1}, wire.ErrLimit},
		"no price":              {&wire.Request{Specification: "{}", Count: 1, Maximum: 1}, wire.ErrLimit},
		"above the maximum":     {&wire.Request{Specification: "{}", Count: 1, Price: 2, Maximum: 1}, wire.ErrLimit},
		"money beyond JSON":     {&wire.Request{Specification: "{}", Count: 1, Price: 1, Maximum: 1 << 53}, wire.ErrLimit},
		"no seals":              {&wire.SealRecords{}, wire.ErrLimit},
		"too many seals":        {&wire.SealRecords{Seals: make([]protocol.Hash, wire.MaxSeals+1)}, wire.ErrLimit},
		"a seal twice":          {&wire.SealRecords{Seals: make([]protocol.Hash, 2)}, wire.ErrNotCanonical},
		"an empty record":       {&wire.OpenRecord{}, wire.ErrLimit},
		"a long record":         {&wire.OpenRecord{Text: strings.Repeat("a", wire.MaxRecordText+1)}, wire.ErrLimit},
		"pay of nothing":        {&wire.OpenFinding{Pays: []wire.RecordPay{{}}}, wire.ErrLimit},
		"pay twice":             {&wire.OpenFinding{Pays: []wire.RecordPay{{Number: 1, Amount: 1}, {Number: 1, Amount: 1}}}, wire.ErrNotCanonical},
		"too many pays":         {&wire.OpenFinding{Pays: make([]wire.RecordPay, wire.MaxRequested+1)}, wire.ErrLimit},
	} {
		if err := c.body.Check(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for _, b := range bodies() {
		if err := b.Check(); err != nil {
			t.Errorf("%T: %v", b, err)
		}
	}
}

// large is a card with a body of so many bytes.
func large(body int) wire.Card {
	c := sampleCard()
	c.Body = make([]byte, body)
	return *c
}

func TestLongestBodiesFitTheLimitOfATransaction(t *testing.T) {
	row := &wire.RevealWeights{Epoch: 1 << 60}
	cards := &wire.OpenCards{Epoch: 1 << 60, Findings: bytes.Repeat([]byte{wire.FoundFalse}, wire.MaxFindings)}
	for c := large(wire.MaxShownCard - 200); !cards.Full(); {
		cards.Shown = append(cards.Shown, c)
	}
	for i := range 4096 {
		row.UIDs, row.Values = append(row.UIDs, protocol.UID(i)), append(row.Values, 65535)
	}
	for _, b := range []wire.Body{row, cards, &wire.Attest{Round: 1 << 60, Bits: make(wire.Bits, wire.MaxAttestBytes)}} {
		tx, err := wire.NewTx(named("alice"), chain, 1<<60, 1<<60, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := wire.DecodeTx(wire.Encode(tx), chain); err != nil {
			t.Errorf("%T of %d bytes: %v", b, len(wire.Encode(tx)), err)
		}
	}
}

func TestAnswersThatNoHonestMinerSendsAreRefused(t *testing.T) {
	for name, change := range map[string]func(a *wire.Answer){
		"no slots":        func(a *wire.Answer) { a.Slot, a.Slots = 0, 0 },
		"a slot too high": func(a *wire.Answer) { a.Slot = a.Slots },
		"too many slots":  func(a *wire.Answer) { a.Slots = wire.MaxSlots + 1 },
		"a long body":     func(a *wire.Answer) { a.Body = make([]byte, wire.MaxResultBytes+1) },
		"a deep proof":    func(a *wire.Answer) { a.Proof = make([]protocol.Hash, 11) },
	} {
		a := sampleAnswer()
		change(a)
		if err := a.Check(); !errors.Is(err, wire.ErrLimit) {
			t.Errorf("%s: got %v, want %v", name, err, wire.ErrLimit)
		}
	}
	a := sampleAnswer()
	if err := a.Check(); err != nil {
		t.Error(err)
	}
	if got, want := a.Key().Bytes(), []byte{0, 0, 0, 0, 0, 0, 0, 7, 0, 3, 0, 1}; string(got) != string(want) {
		t.Errorf("key: got %x, want %x", got, want)
	}
}

func TestCardsThatNoHonestJudgeSendsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(c *wire.Card)
		want   error
	}{
		"an unknown finding":    {func(c *wire.Card) { c.Finding = "fine" }, wire.ErrUnknown},
		"a long finding":        {func(c *wire.Card) { c.Finding = wire.Finding(strings.Repeat("a", 1000)) }, wire.ErrUnknown},
		"no kind":               {func(c *wire.Card) { c.Kind = "" }, wire.ErrLimit},
		"a long kind":           {func(c *wire.Card) { c.Kind = "a kind of long name" }, wire.ErrLimit},
		"passed without a word": {func(c *wire.Card) { c.Finding, c.Body = wire.FindingPassed, nil }, wire.ErrLimit},
		"no answer":             {func(c *wire.Card) { c.Answer = protocol.Hash{} }, wire.ErrLimit},
		"unopened":              {func(c *wire.Card) { c.Finding = "unopened" }, wire.ErrUnknown},
		"false of no answer":    {func(c *wire.Card) { c.Answer = protocol.Hash{} }, wire.ErrLimit},
		"a slot too high":       {func(c *wire.Card) { c.Slot = wire.MaxSlots }, wire.ErrLimit},
		"a long body":           {func(c *wire.Card) { c.Body = make([]byte, wire.MaxVerdictBytes+1) }, wire.ErrLimit},
		"a deep proof":          {func(c *wire.Card) { c.Proof = make([]protocol.Hash, 16) }, wire.ErrLimit},
	} {
		card := sampleCard()
		c.change(card)
		if err := card.Check(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	other := sampleCard()
	other.Finding = wire.FindingMalformed
	alice, bob := named("alice").PublicKey(), named("bob").PublicKey()
	if leaf := sampleCard().Leaf(alice); other.Leaf(alice) == leaf || sampleCard().Leaf(bob) == leaf || sampleCard().Key() != sampleAnswer().Key() {
		t.Error("a card's leaf or key does not tell cards apart, or judges")
	}
	proven := sampleCard()
	proven.Proof = []protocol.Hash{hash("sibling")}
	if proven.Leaf(alice) != sampleCard().Leaf(alice) {
		t.Error("a card's leaf depends on its proof")
	}
}

func TestReceiptsOfTasksThatNoBeaconDrawsAreRefused(t *testing.T) {
	if _, err := wire.DecodeReceipt(wire.Encode(sampleReceipt())); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(r *wire.Receipt){
		"a slot too high": func(r *wire.Receipt) { r.Task.Slot = wire.MaxSlots },
		"a long body":     func(r *wire.Receipt) { r.Task.Body = make([]byte, wire.MaxTaskBytes+1) },
		"no kind":         func(r *wire.Receipt) { r.Task.Kind = "" },
	} {
		r := sampleReceipt()
		change(r)
		if _, err := wire.DecodeReceipt(wire.Encode(r)); !errors.Is(err, wire.ErrLimit) {
			t.Errorf("%s: got %v, want %v", name, err, wire.ErrLimit)
		}
	}
	if _, err := wire.DecodeReceipt([]byte{1}); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("got %v, want %v", err, wire.ErrMalformed)
	}
	if _, err := wire.DecodeBlockHead(make([]byte, 65)); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, wire.ErrTooLarge)
	}
}

func TestSealsAndLeavesBindTheirMaker(t *testing.T) {
	alice, bob := named("alice").PublicKey(), named("bob").PublicKey()
	row := &wire.RevealWeights{Epoch: 1, UIDs: []protocol.UID{1}, Values: []uint16{2}}
	if row.Seal(alice) == row.Seal(bob) {
		t.Error("a seal does not bind the hotkey")
	}
	found := &wire.OpenFinding{Request: hash("request"), Salt: [32]byte{1}, Pays: []wire.RecordPay{{Number: 1, Amount: 2}}}
	salted, other := *found, *found
	salted.Salt, other.Pays = [32]byte{2}, nil
	if found.Seal(alice) == found.Seal(bob) || found.Seal(alice) == salted.Seal(alice) {
		t.Error("the seal of a finding does not bind hotkey and salt")
	}
	if found.Found() != salted.Found() || found.Found() == other.Found() {
		t.Error("what was found is not the same under another salt, or is the same of other pays")
	}
	r := wire.SumOf(sampleAnswer().Body)
	run := r
	run.Fingerprint = hash("print")
	leaf := wire.SlotLeaf(chain, hash("task"), alice, [32]byte{1}, r)
	for name, other := range map[string]protocol.Hash{
		"chain":  wire.SlotLeaf(chain+"0", hash("task"), alice, [32]byte{1}, r),
		"task":   wire.SlotLeaf(chain, hash("other"), alice, [32]byte{1}, r),
		"hotkey": wire.SlotLeaf(chain, hash("task"), bob, [32]byte{1}, r),
		"salt":   wire.SlotLeaf(chain, hash("task"), alice, [32]byte{2}, r),
		"body":   wire.SlotLeaf(chain, hash("task"), alice, [32]byte{1}, wire.SumOf(nil)),
		"print":  wire.SlotLeaf(chain, hash("task"), alice, [32]byte{1}, run),
	} {
		if other == leaf {
			t.Errorf("a leaf does not bind the %s", name)
		}
	}
	if wire.EmptySlotLeaf(0) == wire.EmptySlotLeaf(1) {
		t.Error("an empty leaf does not bind the slot")
	}
	if got, want := string(wire.BindMessage("c", alice)), "c\x00"+string(alice[:]); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequestsForEvidenceOfAnUnknownPartAreRefused(t *testing.T) {
	for part, want := range map[wire.EvidencePart]error{0: wire.ErrUnknown, wire.EvidenceAnswer: nil, wire.EvidenceCards: nil, 3: wire.ErrUnknown} {
		raw := wire.Encode(&wire.EvidenceRequest{Part: part, Key: wire.AnswerKey{Round: 1 << 60, UID: 65535, Slot: 65535}})
		if _, err := wire.DecodeEvidenceRequest(raw); !errors.Is(err, want) {
			t.Errorf("part %d: got %v, want %v", part, err, want)
		}
	}
	if _, err := wire.DecodeEvidenceRequest(make([]byte, 65)); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, wire.ErrTooLarge)
	}
}

func TestPairsThatNoHonestSetterSendsAreRefused(t *testing.T) {
	for name, change := range map[string]func(p *wire.Pairs){
		"no pairs":       func(p *wire.Pairs) { p.Texts = nil },
		"too many pairs": func(p *wire.Pairs) { p.Texts = make([][3]string, wire.MaxPairs+1) },
		"a long text":    func(p *wire.Pairs) { p.Texts[0][2] = strings.Repeat("a", wire.MaxPairText+1) },
	} {
		p := samplePairs()
		change(p)
		if err := p.Check(); !errors.Is(err, wire.ErrLimit) {
			t.Errorf("%s: got %v, want %v", name, err, wire.ErrLimit)
		}
	}
	root := samplePairs().Root()
	for name, change := range map[string]func(p *wire.Pairs){
		"order":               func(p *wire.Pairs) { p.Texts[0], p.Texts[1] = p.Texts[1], p.Texts[0] },
		"sides":               func(p *wire.Pairs) { p.Texts[0][1], p.Texts[0][2] = p.Texts[0][2], p.Texts[0][1] },
		"where one text ends": func(p *wire.Pairs) { p.Texts[0] = [3]string{"which?t", "his", "that"} },
	} {
		p := samplePairs()
		if change(p); p.Root() == root {
			t.Errorf("a root does not bind the %s", name)
		}
	}
	most := &wire.Pairs{Texts: make([][3]string, wire.MaxPairs)}
	for i := range most.Texts {
		for k := range most.Texts[i] {
			most.Texts[i][k] = strings.Repeat("a", wire.MaxPairText)
		}
	}
	e, err := wire.Seal(named("alice"), wire.DomainPairs, chain, 1, wire.Encode(most))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.OpenPublished(wire.Encode(e), chain); err != nil {
		t.Error("the most that a setter may publish:", err)
	}
}
