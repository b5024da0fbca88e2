package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/engine/weights"
)

// Config is how a model is run. No field changes a result.
type Config struct {
	// Threads that compute; 0 means one for each processor. More than there are
	// cores costs time.
	Threads int
	// Nice lowers the priority of those threads by as much as nice(1) would, 1
	// … 19; 0 leaves it. Others are served first.
	Nice int
	// PrefixCache is how many bytes of keys and values of past runs are kept,
	// so that a prompt that begins like an earlier one is not computed again; 0
	// means 64 MiB, negative keeps none. A model's page of 64 positions is the
	// least that is kept.
	PrefixCache int64
	// MaxBatch is how many sequences run at once; 0 means 64. More make each
	// slower and all together faster.
	MaxBatch int
	// KeepPlaces has a few places of a large batch kept for callers and users
	// (WithCaller, WithUser) that have none, of 64 three, and an eighth of KVBytes.
	KeepPlaces bool
	// MaxQueue is how many may wait for that; those after them are refused with
	// ErrBusy. 0 means 4096.
	MaxQueue int
	// KVBytes bounds the memory of keys and values, PrefixCache included; 0
	// means 1 GiB, or as much as one sequence of the whole context needs where
	// that is more. On GPUs it is no more than each has room for. What a
	// sequence may come to need is set aside before it starts.
	KVBytes int64
	// Drafts says whether tokens of answers are guessed from what prompt and
	// answer hold already, and tried together with the one that is next: "auto",
	// where that is quicker, "always", or "off". Empty: the environment's
	// ASSAY_DRAFTS, or auto.
	Drafts string
	// DraftModel, where not empty, is the GGUF file of a smaller model of the same
	// vocabulary, which guesses, too, where that is quicker: Open fails where the
	// vocabularies differ. Device, Backend and Weights are for it, too; it is placed
	// after the model. It keeps keys and values of maxDrafted sequences at most,
	// beside KVBytes, which on a GPU do not leave room for it and them by
	// themselves: give fewer there. Where Drafts is off it is not opened.
	DraftModel string
	// Observer, where not nil, is told of each step and of each first token.
	Observer Observer
	// Device is where it computes: "cpu"; "cuda:N", which is an NVIDIA GPU by
	// its number; several of them, such as "cuda:0,1", which share its layers,
	// or "cuda:0,cpu", where the CPU has those for which the GPUs have no room;
	// or "auto", the first GPU that passes its self-test and has room for the
	// model, else all such GPUs together, else they and the CPU, else the CPU;
	// Info says which, and why. Empty: the environment's ASSAY_DEVICE, or auto.
	Device string
	// Backend says what computes, one of Backends: "cuda", the kernels of GPUs,
	// "native", those in C, "arith", the reference in Go, or "auto", the first
	// of these that is there, knows the model and is not slower than the next.
	// Empty: the environment's ASSAY_BACKEND, or native where ISA names
	// instructions and Device no GPU, or auto.
	Backend string
	// ISA names the instructions that the native backend uses, such as "scalar"
	// or "avx2"; empty: the environment's ASSAY_ISA, or the best there are.
	// Open fails where the machine lacks them, with a list of what it has.
	ISA string
	// Weights is where the native backend reads the weights: "mapped", in the
	// file's pages, which all processes share; "interleaved", in a copy of the
	// same size that is made at Open and in which products are one stream of
	// memory, and then the file's pages are given back; or "auto", what is
	// quicker with these instructions. Empty: the environment's ASSAY_WEIGHTS,
	// or auto.
	Weights string

	gpus    cuda.Driver // in tests, an interpreter
	drafter newDrafter  // in tests, another than lookup
}

// Where weights are read; Config.Weights.
const (
	WeightsAuto        = native.Auto
	WeightsMapped      = native.Mapped
	WeightsInterleaved = native.Interleaved
)

// When tokens are guessed; Config.Drafts.
const (
	DraftsAuto   = "auto"
	DraftsAlways = "always"
	DraftsOff    = "off"
)

var drafts = map[string]sched.Drafts{DraftsAuto: sched.DraftsAuto, DraftsAlways: sched.DraftsAlways, DraftsOff: sched.DraftsOff}

// The bounds of Config.
const (
	maxThreads         = 1024
	maxNice            = 19
	defaultPrefixCache = 64 << 20
	defaultMaxBatch    = 64
	maxMaxBatch        = 4096
	defaultMaxQueue    = 4096
	maxMaxQueue        = 1 << 20
	defaultKVBytes     = 1 << 30
)

func (c *Config) check() error {
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if c.PrefixCache == 0 {
		c.PrefixCache = defaultPrefixCache
	}
	if c.MaxBatch == 0 {
		c.MaxBatch = defaultMaxBatch
	}
	if c.MaxQueue == 0 {
		c.MaxQueue = defaultMaxQueue
	}
	if c.ISA == "" {
		c.ISA = os.Getenv("ASSAY_ISA")
	}
	if c.Device == "" {
		c.Device = cmp.Or(os.Getenv("ASSAY_DEVICE"), DeviceAuto)
	}
	device, err := parseDevice(c.Device)
	if err != nil {
		return err
	}
	if c.Backend == "" {
		c.Backend = cmp.Or(os.Getenv("ASSAY_BACKEND"), BackendAuto)
	}
	if c.Backend == BackendAuto && c.ISA != "" && device.gpus == nil {
		c.Backend = BackendNative
	}
	if c.Drafts == "" {
		c.Drafts = cmp.Or(os.Getenv("ASSAY_DRAFTS"), DraftsAuto)
	}
	if _, ok := drafts[c.Drafts]; !ok {
		return fmt.Errorf("%w: drafts %q, not %s, %s or %s", ErrRequest, c.Drafts, DraftsAuto, DraftsAlways, DraftsOff)
	}
	if c.Weights == "" {
		c.Weights = cmp.Or(os.Getenv("ASSAY_WEIGHTS"), WeightsAuto)
	}
	if !slices.Contains([]string{WeightsAuto, WeightsMapped, WeightsInterleaved}, c.Weights) {
		return fmt.Errorf("%w: weights %q, not %s, %s or %s", ErrRequest, c.Weights, WeightsAuto, WeightsMapped, WeightsInterleaved)
	}
	if err := checkBackend(c.Backend); err != nil {
		return err
	}
	if c.Threads < 1 || c.Threads > maxThreads {
		return fmt.Errorf("%w: %d threads, not within 1 … %d", ErrRequest, c.Threads, maxThreads)
	}
	if c.Nice < 0 || c.Nice > maxNice {
		return fmt.Errorf("%w: nice %d, not within 0 … %d", ErrRequest, c.Nice, maxNice)
	}
	if c.MaxBatch < 1 || c.MaxBatch > maxMaxBatch || c.MaxQueue < 1 || c.MaxQueue > maxMaxQueue || c.KVBytes < 0 {
		return fmt.Errorf("%w: batches of %d, queue of %d, %d bytes of keys and values", ErrRequest, c.MaxBatch, c.MaxQueue, c.KVBytes)
	}
	return nil
}

// Info describes an open model.
type Info struct {
	weights.Dims
	Name     string         // general.name, or empty
	Types    map[string]int // tensors of each type in the file
	Tensors  int            // all tensors
	Weights  uint64         // elements of all tensors
	FileSize int64          // bytes
	Load     time.Duration  // how long Open took
	Threads  int            // that compute
	Device   string         // where it computes: "cpu", or a GPU by number and name, such as "cuda:0, NVIDIA H200", or what has which layers
	Why      string         // why there
	Backend  string         // what computes: one of Backends, but not BackendAuto
	ISA      string         // the instructions that it uses
	Layout   string         // how the weights lie that it reads, such as WeightsMapped or WeightsInterleaved
	// Need and TokenNeed are the bytes that the model takes on a GPU, without
	// its keys and values, and those that each position adds.
	Need, TokenNeed int64
}

// Model is an open model. It is safe for concurrent use.
type Model struct {
	file      *gguf.File
	dims      weights.Dims
	backend   *faithful
	tokenizer *tokenizer.Tokenizer
	id        [32]byte
	info      Info
	stop      map[Token]bool
	sched     *sched.Scheduler
	grammars  *grammars
	maxBatch  int
	drafter   newDrafter // or nil: nothing is guessed
	second    *second    // or nil: there is no model that guesses

	halt context.CancelFunc // ends the scheduler
	runs sync.WaitGroup     // the scheduler's goroutine

	mu      sync.Mutex
	closed  bool           // guarded by mu
	calls   sync.WaitGroup // calls in progress; Add under mu while not closed
	closing chan struct{}  // closed when closed becomes true
}

// Open maps the GGUF file at path, checks it, and starts the threads that run
// it; ctx bounds the opening only. A file that is written to while the model is
// open ends its use with ErrFile; replaced by renaming, it stays. Close
// releases it.
func Open(ctx context.Context, path string, cfg Config) (*Model, error) {
	began := time.Now()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err // it says what was opened
	}
	var m *Model
	if cut := guarded(func() { m, err = newModel(ctx, f, cfg) }); cut != nil {
		err = cut
	}
	if changed := f.Changed(); err != nil && changed != nil {
		err = fmt.Errorf("%w: %w", ErrFile, changed) // whatever came of it
	}
	if err != nil {
		_ = f.Close() // the first error is the one to tell
		return nil, fmt.Errorf("open model %q: %w", path, err)
	}
	m.info.Load = time.Since(began)
	return m, nil
}

func newModel(ctx context.Context, f *gguf.File, cfg Config) (*Model, error) {
	w, err := weights.Load(f)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer.New(f)
	if err != nil {
		return nil, err
	}
	if tok.VocabSize() > w.Vocab {
		return nil, fmt.Errorf("%w: %d tokens, but embeddings of %d", ErrWeights, tok.VocabSize(), w.Vocab)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	id := gguf.CachedModelID(f) // before the weights are copied: it may read the whole file, whose pages the copy gives back
	computes, err := openBackend(backends, f, w, cfg)
	if err != nil {
		return nil, err
	}
	b, ready := &faithful{Backend: computes.Backend, file: f}, false
	defer func() {
		if !ready { // with an error, or a fault
			b.Close()
		}
	}()
	m := &Model{
		file: f, dims: w.Dims, backend: b, tokenizer: tok, id: id, stop: map[Token]bool{},
		maxBatch: cfg.MaxBatch, closing: make(chan struct{}), grammars: newGrammars(tok),
	}
	if m.drafter = cfg.drafter; m.drafter == nil && cfg.Drafts != DraftsOff {
		m.drafter = newLookup
	}
	if cfg.DraftModel != "" && cfg.Drafts != DraftsOff {
		if err := m.openSecond(ctx, cfg); err != nil {
			return nil, err
		}
		defer func() {
			if !ready {
				_ = m.second.close() // what failed before it is told
			}
		}()
	}
	for _, id := range tok.StopTokens() {
		m.stop[id] = true
	}
	m.describe(computes, cfg)
	m.info.Need, m.info.TokenNeed = cuda.Need(w)
	if err = b.intact(); err == nil { // all that was read above, too, was the file's
		err = m.schedule(ctx, cfg)
	}
	if err != nil {
		return nil, err
	}
	ready = true
	return m, nil
}

// schedule starts the goroutine that runs the model.
func (m *Model) schedule(ctx context.Context, cfg Config) error {
	size := m.backend.PageBytes()
	if cfg.KVBytes == 0 {
		cfg.KVBytes = max(defaultKVBytes, int64((m.dims.Context+backend.PageLen-1)/backend.PageLen)*size)
	}
	if room := int64(m.backend.About().Room); room > 0 {
		cfg.KVBytes = min(cfg.KVBytes, room*size)
	}
	var err error
	m.sched, err = sched.New(sched.Config{
		Backend: m.backend, MaxBatch: cfg.MaxBatch, KeepPlaces: cfg.KeepPlaces, MaxQueue: cfg.MaxQueue, KVBytes: cfg.KVBytes, KeepBytes: cfg.PrefixCache,
		Drafts: drafts[cfg.Drafts], Observer: cfg.Observer,
	})
	if err != nil {
		return err
	}
	ctx, m.halt = context.WithCancel(context.WithoutCancel(ctx))
	m.runs.Go(func() {
		if cfg.Nice > 0 {
			// The thread keeps its priority until it ends, and it ends with
			// this goroutine, which never unlocks it.
			runtime.LockOSThread()
			lowerPriority(cfg.Nice)
		}
		_ = m.sched.Run(ctx) // nil: it ends with its context alone
	})
	return nil
}

// The model's scheduler, see package sched.
type (
	// Stats is what a Model has done and holds.
	Stats = sched.Stats
	// Observer is told what happens; its methods return at once.
	Observer = sched.Observer
	// Step is what an Observer is told of a step.
	Step = sched.Step
)

// Stats returns what has happened since Open.
func (m *Model) Stats() Stats { return m.sched.Stats() }

// DeviceStats is what can be told of a GPU that computes, see package backend.
type DeviceStats = backend.Device

// DeviceStates lists what a DeviceStats' State may be.
func DeviceStates() []string { return []string{backend.InService, backend.WrongBits, backend.Failed} }

// Devices tells of the GPUs that the model lies on; none for the CPU.
func (m *Model) Devices() []DeviceStats {
	if w, is := m.backend.Backend.(backend.Watched); is {
		return w.Devices()
	}
	return nil
}

func (m *Model) describe(computes opened, cfg Config) {
	name, _ := m.file.String("general.name")
	m.info = Info{
		Dims: m.dims, Name: name, Types: map[string]int{}, Tensors: len(m.file.Tensors()), FileSize: m.file.Size(),
		Threads: cfg.Threads,
	}
	about := m.backend.About()
	m.info.Backend, m.info.Why, m.info.ISA, m.info.Layout = computes.name, computes.why, about.ISA, about.Layout
	if m.info.Device = DeviceCPU; about.Device != "" {
		m.info.Device = about.Device
	}
	for _, t := range m.file.Tensors() {
		m.info.Types[t.Type.String()]++
		m.info.Weights += t.Elements()
	}
}

// ID returns the model id: what the model computes, not what it is called.
func (m *Model) ID() [32]byte { return m.id }

// Info describes the model.
func (m *Model) Info() Info { return m.info }

// MaxBatch returns how many sequences run at once.
func (m *Model) MaxBatch() int { return m.maxBatch }

// Tokenizer returns the model's tokenizer, which lives as long as the model.
func (m *Model) Tokenizer() *tokenizer.Tokenizer { return m.tokenizer }

// IsStop tells whether a token ends an answer.
func (m *Model) IsStop(id Token) bool { return m.stop[id] }

// Close cancels the calls in progress, which return ErrClosed, waits for them,
// stops the threads and unmaps the file. Further calls return ErrClosed; a
// second Close does nothing.
func (m *Model) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	close(m.closing)
	m.mu.Unlock()
	m.calls.Wait()
	m.halt()
	m.runs.Wait()
	m.backend.Close()
	if m.second != nil {
		return errors.Join(m.file.Close(), m.second.close())
	}
	return m.file.Close()
}

// begin opens a call: the context returned ends with ctx and with Close; end
// closes the call.
func (m *Model) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, ErrClosed
	}
	if err := m.backend.intact(); err != nil {
		return nil, nil, err
	}
	m.calls.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	released := make(chan struct{})
	go func() {
		select {
		case <-m.closing:
			cancel(ErrClosed)
		case <-released:
		}
	}()
	return ctx, func() { close(released); cancel(nil); m.calls.Done() }, nil
}
