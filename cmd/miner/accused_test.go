package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// tiny is a model whose runs take a millisecond, and hardly ever stop by
// themselves.
var tiny = enginetest.Options{Seed: 2, Width: 32, Layers: 1, Heads: 2, KVHeads: 1, FFN: 32, Context: 512}

// court is a network in memory, with the shipped validators and miners, where
// answers can be challenged. Cleo runs altered weights.
type court struct {
	*testing.T
	*protocoltest.Network
	dir             string
	honest, altered *engine.Model
	miners          map[string]*miner.Miner
	vera            *validator.Validator
}

func newCourt(t *testing.T) *court {
	t.Helper()
	c := &court{T: t, dir: t.TempDir(), miners: map[string]*miner.Miner{}}
	path, other := filepath.Join(c.dir, "tiny.gguf"), filepath.Join(c.dir, "altered.gguf")
	c.must(enginetest.Write(path, tiny))
	c.must(enginetest.Alter(path, other, 0))
	c.honest, c.altered = c.open(path), c.open(other)
	judges := []string{"vera", "viktor", "violet", "vincent"}
	var cast []protocoltest.Actor
	for _, name := range judges {
		cast = append(cast, protocoltest.Actor{Name: name, Stake: 100 * protocol.Unit})
	}
	cast = append(cast, protocoltest.Actor{Name: "ada", Capacity: 1}, protocoltest.Actor{Name: "cleo", Capacity: 1})
	n, err := protocoltest.New(protocoltest.Config{Seed: 1, Params: protocoltest.Params(c.honest.ID()).WithVerdicts(), Cast: cast})
	c.must(err)
	c.Network = n
	for _, name := range judges {
		c.judge(name)
	}
	c.mine("ada", bridge.Model{Model: c.honest})
	c.mine("cleo", liar{bridge.Model{Model: c.honest}, c.altered})
	return c
}

func (c *court) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *court) open(path string) *engine.Model {
	c.Helper()
	m, err := engine.Open(c.Context(), path, engine.Config{Threads: 1})
	c.must(err)
	c.Cleanup(func() { _ = m.Close() })
	return m
}

// liar is a model that answers with other weights than its id says.
type liar struct {
	miner.Model
	other *engine.Model
}

func (l liar) Generate(ctx context.Context, r engine.Request, _ func(engine.Token)) (engine.Run, error) {
	return l.other.Generate(ctx, r, nil)
}

func (c *court) mine(name string, model miner.Model) {
	c.Helper()
	port := c.LightPort(name)
	m, err := miner.New(miner.Config{
		ChainID: c.ChainID(), Kinds: kinds.All(), Params: c.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1}, Plants: protocoltest.PlantSecret(name),
		Workers: []miner.Worker{miner.NewInference(1, nil, model)},
		Ledger:  port, Store: protocoltest.NewStore(), Submit: port.Submit, Publish: port.Publish, Peers: func() int { return 1 }, Logger: zerolog.Nop(),
	})
	c.must(err)
	c.miners[name] = m
	c.Attach(name, port, mining{m})
}

type mining struct{ *miner.Miner }

func (m mining) Message(_ context.Context, topic string, raw []byte) error {
	if topic == validator.TopicCard {
		return m.OnCard(raw)
	}
	return nil
}

func (c *court) judge(name string) {
	c.Helper()
	port, judges := c.Port(name), []validator.Judge{scoring.NewInference(bridge.Model{Model: c.honest})}
	v, err := validator.New(validator.Config{
		ChainID: c.ChainID(), Kinds: kinds.All(), Params: c.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1}, Judges: judges, Reference: judges,
		Ledger: port, Store: protocoltest.NewStore(), Submit: port.Submit, Publish: port.Publish, Evidence: port.Evidence,
		Chain: func(start protocol.Height) (protocol.Hash, error) {
			return protocoltest.Chain(name, start).Anchor(), nil
		},
		Logger: zerolog.Nop(),
	})
	c.must(err)
	if name == "vera" {
		c.vera = v
	}
	c.Attach(name, port, judging{v})
}

type judging struct{ *validator.Validator }

func (v judging) Message(ctx context.Context, topic string, raw []byte) error {
	if topic == validator.TopicCard {
		return v.OnCard(ctx, raw)
	}
	return v.OnAnswer(ctx, raw)
}

func (c *court) seat(name string) ledger.Seat {
	c.Helper()
	seat, ok, err := ledger.ReadSeatByHotkey(c.State(), protocoltest.Named(name).PublicKey())
	if err != nil || !ok {
		c.Fatalf("seat of %s: %v, %v", name, ok, err)
	}
	return seat
}

// frame has vincent's owner say that ada's answer of round 0 is false.
func (c *court) frame() {
	c.Helper()
	seat := c.seat("ada").ID
	answer, err := c.vera.Opened(wire.AnswerKey{UID: seat.UID})
	if err != nil || answer == nil {
		c.Fatalf("ada's answer: %v, %v", answer, err)
	}
	kind, err := kinds.All().Of(c.Params().Kinds[0].Name)
	c.must(err)
	sum, err := kind.Sum(answer.Body)
	c.must(err)
	c.must(c.Tx(protocoltest.Cold("vincent"), &wire.Challenge{Evidence: wire.Evidence{
		Case: wire.Case{UID: seat.UID, Accused: seat.UID}, Salt: answer.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: answer.Proof,
	}}))
}

// await makes blocks until the challenge of an actor's first answer is at a
// stage, and returns it.
func (c *court) await(name string, stage ledger.Stage) ledger.ChallengeRecord {
	c.Helper()
	seat := c.seat(name).ID
	for end := c.Params().Schedule.EpochEnd(8); ; {
		rec, ok, err := ledger.ReadChallenge(c.State(), wire.Case{UID: seat.UID, Accused: seat.UID})
		c.must(err)
		if ok && rec.Stage == stage {
			return rec
		}
		if c.Height() >= end {
			c.Fatalf("the challenge of %s's answer is not %s", name, stage)
		}
		_, err = c.Block(c.Context())
		c.must(err)
	}
}

// served is the node of the miner with this name, as far as the miner knows it.
type served struct {
	*court
	name    string
	started time.Time
}

// Status implements [api.Node].
func (s *served) Status(context.Context) (api.Status, error) {
	out := statusOf(s.miners[s.name])
	out.Started, out.Hotkey, out.Peers = s.started, protocoltest.Named(s.name).PublicKey().String(), 1
	return out, nil
}

// home makes the home of a miner that runs, which answers at its address as the
// shipped one does.
func (c *court) home(name string) string {
	c.Helper()
	dir := filepath.Join(c.dir, name)
	keys, err := keystore.New(keystore.Config{Dir: filepath.Join(dir, "keys"), WorkFactor: 1})
	c.must(err)
	seed := sha256.Sum256([]byte(name)) // as protocoltest.Named has it
	private, err := key.FromSeed(seed[:], "protocoltest")
	c.must(err)
	hotkey, err := keystore.FromPrivate(keystore.Hotkey, private)
	c.must(err)
	c.must(keys.Create("hotkey", hotkey, keystore.InsecurePassphrase()))
	genesis, err := json.Marshal(c.Genesis())
	c.must(err)
	file := filepath.Join(c.dir, "genesis.json")
	c.must(os.WriteFile(file, genesis, 0o600))
	if text, err := c.run("init", "--home", dir, "--genesis", file, "--insecure-no-passphrase", "--model", filepath.Join(c.dir, "tiny.gguf"),
		"--listen", "/ip4/127.0.0.1/tcp/0", "--http-listen", "127.0.0.1:0"); err != nil {
		c.Fatalf("%v: %s", err, text)
	}
	node := &served{c, name, time.Now().UTC().Truncate(time.Second)}
	h, err := api.NewHandler(api.Config{ChainID: c.ChainID(), Params: c.Params(), Source: api.Source{Node: node}, Logger: zerolog.Nop()})
	c.must(err)
	web := httptest.NewServer(h)
	c.Cleanup(web.Close)
	c.must(config.Home(dir).WriteRunning(config.Running{
		PID: os.Getpid(), Role: config.Miner, ChainID: c.ChainID(), Started: node.started, HTTP: strings.TrimPrefix(web.URL, "http://"),
	}))
	return dir
}

// run runs the program, and returns what it printed.
func (c *court) run(args ...string) (string, error) {
	var b bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &b, &b
	err := a.RunContext(c.Context(), append([]string{"miner"}, args...))
	return b.String(), err
}

// doctor returns what the line of the work says, which alone may fail, after
// comparing the exit status.
func (c *court) doctor(home string, exit int) (state, detail string) {
	c.Helper()
	args := []string{"doctor", "--home", home, "--insecure-no-passphrase"}
	text, err := c.run(args...)
	for strings.Contains(text, "no answer from ") || strings.Contains(text, "does not answer at ") { // a busy machine
		text, err = c.run(args...)
	}
	if got := usage.Status(err); got != exit {
		c.Errorf("block %d: the exit status is %d, want %d:\n%s", c.Height(), got, exit, text)
	}
	for line := range strings.Lines(text) {
		said, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		check, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if check == "work" {
			return said, strings.TrimSpace(rest)
		}
		if said == "fail" {
			c.Errorf("beside the work: %s", line)
		}
	}
	c.Fatalf("there is no line of the work:\n%s", text)
	return "", ""
}

// A miner that is accused learns it from doctor, by the ledger that its process
// follows: while electors vote that is a warning; found false, it is a failure,
// by which the collateral is held, and then lost. Who was framed hears of it
// while it goes on.
func TestDoctorTellsAMinerOfWhatItIsAccused(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	homes := map[string]string{"ada": c.home("ada"), "cleo": c.home("cleo")}
	uid := map[string]protocol.UID{"ada": c.seat("ada").ID.UID, "cleo": c.seat("cleo").ID.UID}
	c.must(c.Until(t.Context(), ledger.ChallengeFrom(c.Params().Schedule, 0)-1))
	if state, detail := c.doctor(homes["ada"], 0); strings.Contains(detail, "slot 0") {
		t.Errorf("before anything is challenged: %s, %s", state, detail)
	}
	c.frame()
	for _, at := range []struct {
		name  string
		stage ledger.Stage
		exit  int
		state string
		says  string // "" of what is over, and nothing any more
	}{
		{"ada", ledger.StageVoting, 0, "warn", "slot 0 of seat UID in round 0 is challenged by coldkey VINCENT: voting, goes on in block DUE; found false, it would cost all collateral, 1.000000000"},
		{"cleo", ledger.StageVoting, 0, "warn", "slot 0 of seat UID in round 0 is challenged by judge JUDGE: voting, goes on in block DUE; found false, it would cost all collateral, 1.000000000"},
		{"ada", ledger.StageNotGuilty, 0, "", ""},
		{"cleo", ledger.StageGuilty, 1, "fail", "slot 0 of seat UID in round 0 was found false by two thirds of the electors: 1.000000000 is held, and burned in block DUE unless its owner appeals before (assay tx appeal)"},
		{"cleo", ledger.StageBurned, 1, "fail", "slot 0 of seat UID in round 0 was found false by two thirds of the electors: 1.000000000 was lost"},
		{"ada", ledger.StageNotGuilty, 0, "", ""},
	} {
		rec := c.await(at.name, at.stage)
		state, detail := c.doctor(homes[at.name], at.exit)
		want := strings.NewReplacer("UID", fmt.Sprint(uid[at.name]), "JUDGE", fmt.Sprint(rec.Judge.UID), "DUE", fmt.Sprint(rec.Due),
			"VINCENT", protocoltest.Cold("vincent").PublicKey().String()).Replace(at.says)
		switch {
		case at.says == "":
			if state == "fail" || strings.Contains(detail, "slot 0") {
				t.Errorf("%s, %s: %s, %s", at.name, at.stage, state, detail)
			}
		case state != at.state || !strings.Contains(detail, want):
			t.Errorf("%s, %s: got %s, %q\nwant %s, %q", at.name, at.stage, state, detail, at.state, want)
		}
	}
}
