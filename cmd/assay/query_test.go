package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/preference"
	pairing "github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// TestQueryScripts runs testdata/query/*.txt against the network of package
// apitest, which answers at ASSAY_NODE in this process. Its model is tiny.gguf in
// each script's directory; altered.gguf is another. TASK has an honest answer,
// FALSE one by the other model, WRONGED an honest one with a false card; those of
// round 0 open a commitment. keys/
// holds the coldkey of a miner; validator/ is the home of a stopped validator.
func TestQueryScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/query", Setup: func(e *testscript.Env) error { return serveNetwork(t, e) }})
}

func serveNetwork(t *testing.T, e *testscript.Env) error {
	e.Setenv("ASSAY_YES", "1") // nobody is there, unless a script says so
	honest, err := openTiny(t, e, "tiny.gguf", enginetest.Options{Context: 1024})
	if err != nil {
		return err
	}
	altered, err := openTiny(t, e, "altered.gguf", enginetest.Options{Context: 1024, Seed: 1})
	if err != nil {
		return err
	}
	n, err := apitest.NewWith(honest.ID())
	if err != nil {
		return err
	}
	for name, by := range map[string]*engine.Model{"TASK": honest, "WRONGED": honest, "FALSE": altered} {
		id, err := addEvidence(t, n, name, honest, by)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		e.Setenv(name, id.String())
	}
	if err := n.Answer(0, opened()); err != nil {
		return err
	}
	n.Pool.Check = func(raw []byte) (*wire.Tx, error) {
		return ledger.CheckTx(n.Tree, n.Genesis.ChainID(), &n.Genesis.Params, raw)
	}
	n.Pool.Include = include
	h, err := api.NewHandler(n.Config())
	if err != nil {
		return err
	}
	web := httptest.NewServer(h)
	e.Defer(web.Close)
	other := httptest.NewServer(http.NotFoundHandler())
	e.Defer(other.Close)
	e.Setenv(envNode, web.URL)
	e.Setenv("OTHER", other.URL)
	if err := serveLane(t, e, honest); err != nil {
		return err
	}
	e.Setenv("CHAIN", protocol.ShortChainID(n.Genesis.ChainID()))
	for _, name := range []string{"miner-0", "miner-1", "miner-2", "miner-3", "validator-0", "validator-1", "miner-0-cold", "validator-1-cold"} {
		e.Setenv(strings.ToUpper(strings.ReplaceAll(name, "-", "_")), apitest.Public(name).String())
	}
	return errors.Join(writeKeys(e), writeHome(e, n))
}

// opened are the results of round 0, the second the same as the first.
func opened() (out []*inference.Result) {
	for i := range int32(3) {
		out = append(out, &inference.Result{Output: []int32{40 + i/2, 41, 42}, Finish: "stop", Leaves: make([]protocol.Hash, 3)})
		out[i].Fingerprint = wire.MerkleRoot(out[i].Leaves)
	}
	return out
}

// include is what becomes of transactions: stakes of a million are refused.
func include(tx *wire.Tx) api.TxResult {
	r := api.TxResult{Hash: tx.Hash(), Height: apitest.Height + 1, Type: tx.Type.String(), Signer: tx.Signer, OK: true}
	var s wire.AddStake
	if tx.Type == wire.TxAddStake && wire.Decode(tx.Body, wire.MaxTxBytes, &s) == nil && s.Amount >= 20*protocol.Unit {
		r.OK, r.Rule, r.Error = false, string(ledger.ErrNoSeat), "ledger: ErrNoSeat: the hotkey has no seat"
	}
	return r
}

func openTiny(t *testing.T, e *testscript.Env, name string, o enginetest.Options) (*engine.Model, error) {
	path := filepath.Join(e.WorkDir, name)
	if err := enginetest.Write(path, o); err != nil {
		return nil, err
	}
	m, err := engine.Open(t.Context(), path, engine.Config{Threads: 1})
	if err == nil {
		e.Defer(func() { _ = m.Close() })
	}
	return m, err
}

// addEvidence lets a model answer a task of its own, and two judges say that it
// is exact. The second card of WRONGED denies it.
func addEvidence(t *testing.T, n *apitest.Network, name string, judge, by *engine.Model) (protocol.TaskID, error) {
	task := n.TaskOf(apitest.Round, 2)
	task.ID = wire.HashOf("assay/test/" + name)
	asked, err := inference.ReadTask(task.Body)
	if err != nil {
		return task.ID, err
	}
	request, err := bridge.Request(bridge.Model{Model: by}, task.ID, asked, apitest.Public("miner-0"))
	if err != nil {
		return task.ID, err
	}
	run, err := by.Generate(t.Context(), request, nil)
	if err != nil {
		return task.ID, err
	}
	result := bridge.Result(run, time.Second)
	out, err := scoring.NewInference(bridge.Model{Model: judge}).Judge(t.Context(), &task, apitest.Public("miner-0"), wire.Encode(result))
	if err != nil {
		return task.ID, err
	}
	found, err := scoring.ReadComparison(&out)
	if err != nil {
		return task.ID, err
	}
	ev, err := n.Sign(&task, result, func(judge protocol.UID, c *inference.Card) {
		c.Code, c.Position = found.Code, found.Position
		c.Root = found.Root(task.ID, apitest.Public([]string{"validator-0", "validator-1"}[judge]))
		if name == "WRONGED" && judge == 1 {
			c.Code = inference.CodeToken
		}
	})
	if err == nil {
		n.Work.Tasks[task.ID] = ev
	}
	return task.ID, err
}

// serveLane serves a network at LANE that had pairs of round 3 of the people's
// lane: validator 0 is honest, 1 says of its second pair that the model prefers the
// other side, 2 set the pairs of another link, 3 did not open its own, and of 4 the
// node shows other texts.
func serveLane(t *testing.T, e *testscript.Env, m *engine.Model) error {
	n, err := apitest.NewWith(m.ID())
	if err != nil {
		return err
	}
	p := &n.Genesis.Params
	p.Kinds = append(p.Kinds, params.Raters(1, 1))
	link, seed := wire.HashOf("link"), wire.HashOf("seed")
	var sets []preference.Set
	n.Work.Set = map[protocol.Round]map[protocol.SeatID][][3]string{3: {}}
	for uid := range protocol.UID(5) {
		by := link
		if uid == 2 {
			by = wire.HashOf("another link")
		}
		made, err := preference.Make(t.Context(), 3, protocol.SeatID{UID: uid}, by, seed, 3, bridge.Rater{Model: bridge.Model{Model: m}})
		if err != nil {
			return err
		}
		s := preference.Set{Setter: made.Pairs.Setter, Root: made.Pairs.Root(), Link: link, Origins: made.Origins}
		texts := made.Pairs.Texts
		switch uid {
		case 1:
			o, err := pairing.ParseOrigin(s.Origins[1])
			if err != nil {
				return err
			}
			o.Z = -o.Z
			s.Origins[1] = o.Byte()
		case 3:
			s.Link, s.Origins = protocol.Hash{}, nil
		case 4:
			texts[0][1] += " "
		}
		sets = append(sets, s)
		n.Work.Set[3][s.Setter] = texts
	}
	if err := n.Tree.Set(ledger.RoundKey(2), wire.Encode(ledger.RoundRecord{TaskSeed: seed})); err != nil {
		return err
	}
	if err := n.Tree.Set(ledger.SetsKey(3), wire.Encode(ledger.SetsRecord{Sets: sets})); err != nil {
		return err
	}
	h, err := api.NewHandler(n.Config())
	if err != nil {
		return err
	}
	web := httptest.NewServer(h)
	e.Defer(web.Close)
	e.Setenv("LANE", web.URL)
	return nil
}

func writeKeys(e *testscript.Env) error {
	s, err := keystore.New(keystore.Config{Dir: filepath.Join(e.WorkDir, "keys"), WorkFactor: 2})
	if err != nil {
		return err
	}
	k, err := keystore.FromPrivate(keystore.Coldkey, apitest.Key("miner-0-cold").Private)
	if err != nil {
		return err
	}
	return s.Create("coldkey", k, keystore.InsecurePassphrase())
}

// writeHome writes the home of a validator that does not run, on a port where
// nothing listens, with the network's state after block 45 and its scores; and
// others without a database, and of a miner.
func writeHome(e *testscript.Env, n *apitest.Network) error {
	home := config.Home(filepath.Join(e.WorkDir, "validator"))
	if err := writeSettings(home, config.Validator, n); err != nil {
		return err
	}
	if err := writeSettings(config.Home(filepath.Join(e.WorkDir, "empty")), config.Validator, n); err != nil {
		return err
	}
	if err := writeSettings(config.Home(filepath.Join(e.WorkDir, "miner")), config.Miner, n); err != nil {
		return err
	}
	db, err := store.Open(home.Data(), store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(writeState(db, n), writeScores(db, n), db.Close())
}

func writeSettings(home config.Home, role config.Role, n *apitest.Network) error {
	c := config.Default(role)
	c.HTTP.Listen = "127.0.0.1:1" // the port of tcpmux, which nobody has had for decades
	g, err := jsonOf(n.Genesis)
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(string(home), 0o700), os.WriteFile(home.Config(), c.Encode(), 0o600), os.WriteFile(home.Genesis(), g, 0o600))
}

func writeState(db *store.DB, n *apitest.Network) error {
	st, err := state.Open(db.Space("state"))
	if err != nil {
		return err
	}
	for range apitest.Height - 1 {
		if _, _, err := st.Commit(); err != nil {
			return err
		}
	}
	var set error
	err = n.Tree.Iterate(nil, func(k, v []byte) bool {
		set = st.Set(k, v)
		return set == nil
	})
	if err := errors.Join(err, set); err != nil {
		return err
	}
	_, _, err = st.Commit()
	return err
}

// writeScores writes the records of one score as a validator keeps it, final
// in epoch 1 and not yet in epoch 2.
func writeScores(db *store.DB, n *apitest.Network) error {
	x := scoring.Explanation{
		Epoch: 1, Tally: scoring.Tally{Seat: protocol.SeatID{UID: 2}, Kind: inference.Kind, Asked: 1, Opened: 1, Units: 6, Runs: 1, Passes: 1},
		Bound: 52429, Speed: 65536, Availability: 65536, Weight: 65535, Reason: scoring.ReasonPaid,
	}
	final := record.Final{Seat: x.Tally.Seat, Kind: x.Tally.Kind, Hotkey: apitest.Public("miner-0"), Exact: 1, Tasks: []protocol.TaskID{{7}}}
	next := x
	next.Epoch = 2
	var b record.Batch
	b.Score(&x)
	b.Score(&next)
	b.Final(1, &final)
	b.Closed(1, &record.Closed{Height: 49})
	mark := db.BindChain(protocol.ShortChainID(n.Genesis.ChainID()))
	return errors.Join(mark, record.NewBook(node.RecordsOf(db), n.Genesis.ChainID()).Write(&b))
}

func jsonOf(g *ledger.Genesis) ([]byte, error) { return json.Marshal(g) }
