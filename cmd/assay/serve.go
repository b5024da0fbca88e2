package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine/server"
	"github.com/assaynet/assay/engine/server/shelf"
	"github.com/assaynet/assay/protocol/durable"
)

// defaultServe is where the server listens: the block of ports after the
// miner's.
const defaultServe = "127.0.0.1:9680"

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "answer OpenAI's, Anthropic's and Ollama's clients with models on this machine",
		Description: `Serves models until Ctrl-C:

   assay serve --model SmolLM2-135M-Instruct.Q4_1.gguf
   OPENAI_BASE_URL=http://` + defaultServe + `/v1 OPENAI_API_KEY=none python your_program.py

A model is asked for by its file's name without .gguf, or by its name in the store
(assay model list); a directory stands for all GGUF files in it. The first is opened
at once, the others when they are asked for; what nobody has asked for in --idle, or
whose room of --memory another needs, is closed, unless --pin names it, and never
while it answers.

What is there, with streams and tools:
   OpenAI     /v1/chat/completions /v1/completions /v1/responses /v1/embeddings /v1/models
              /v1/chat/completions/input_tokens /v1/responses/input_tokens
   Anthropic  /v1/messages /v1/messages/count_tokens
   Ollama     /api/chat /api/generate /api/embed /api/tags /api/show /api/ps /api/version
   llama.cpp  /completion /tokenize /detokenize /apply-template /props /slots /lora-adapters
              /health /metrics /models /chat/completions /responses
response_format and grammar, and Ollama's format, hold an answer to JSON, a schema or
a grammar, tool_choice to a call, and strict the calls of a tool to its schema. What a
request asks for and is not done, such as pictures, is refused by a 400 that names the
field. /v1/openapi.json describes all but /metrics.

Tokens are guessed from what a prompt and its answer hold already, and tried some at
a time, where that is quicker. With --draft-model a smaller model guesses, too: each
model of --model must have its vocabulary. No token of an answer changes.

Each answer has a receipt, named in the header X-Assay-Receipt and, without its
prefix, in its id. It proves that the answer is the model's, to the bit:

   curl -s http://` + defaultServe + `/v1/receipts/ID | assay verify - --model FILE

With --keys the node's hotkey signs each receipt, and assay verify says whose it is.
Without a seed tokens are drawn by a random one, which the receipt has. Receipts
hold prompts and answers, in memory alone, the newest 1024. A browser finds a page to
talk with a model at http://` + defaultServe + `/, which checks them again.

It listens on loopback and asks for no key. Elsewhere it listens only with keys, of
which the file holds names and hashes:

   assay serve --api-key-file keys --new-key alice      prints alice's key, once
   assay serve --api-key-file keys --new-key bob --key-answers 4 --key-per-minute 60
   assay serve --api-key-file keys --listen 0.0.0.0:9680 --host llm.example.org

Callers take turns, however many requests each key has; limits of its own stand on
a key's line in the file. The line is not encrypted:
beyond a network that you trust, put a proxy before it that speaks TLS.`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "model", EnvVars: []string{"ASSAY_MODEL"}, Usage: "GGUF `FILE`, a directory of them, or a name that assay model list shows; may be repeated (default: the one that make model fetches, or all of the store)"},
			&cli.Float64Flag{Name: "memory", Usage: "`GIB` that the open models may take together, beside the program, keys and values", DefaultText: "no limit"},
			&cli.DurationFlag{Name: "idle", Value: 30 * time.Minute, Usage: "close a model that nobody has asked for in this `TIME`; 0 never"},
			&cli.StringSliceFlag{Name: "pin", Usage: "`NAME` of a model that is opened at once and never closed; may be repeated"},
			&cli.IntFlag{Name: "queue", Value: 256, Usage: "`N` answers that may be in the making or wait for it"},
			&cli.StringFlag{Name: "listen", Value: defaultServe, Usage: "`HOST:PORT` to listen on; port 0 takes any free one"},
			&cli.StringFlag{Name: "api-key-file", Usage: "`FILE` of names and hashes of keys"},
			&cli.StringFlag{Name: "new-key", Usage: "make a key of this `NAME`, add it to the file, print it and exit"},
			&cli.IntFlag{Name: "key-answers", Usage: "with --new-key: the `N` answers that it may have in the making or waiting at once", DefaultText: "no limit of its own"},
			&cli.IntFlag{Name: "key-per-minute", Usage: "with --new-key: the `N` requests that may come by it in a minute", DefaultText: "no limit of its own"},
			&cli.StringSliceFlag{Name: "host", Usage: "`NAME` by which the server is asked, without a port; * takes any; may be repeated", DefaultText: "loopback's"},
			&cli.StringSliceFlag{Name: "origin", Usage: "`ORIGIN` of pages in browsers that may ask, such as https://example.org; may be repeated"},
			&cli.StringFlag{Name: "keys", Usage: "key `DIR` whose hotkey signs each receipt, such as ~/.assay/keys"},
			&cli.StringFlag{Name: "passphrase-file", Usage: "`FILE` whose first line is the hotkey's passphrase"},
			keyflags.Insecure(),
			&cli.StringFlag{Name: "log-level", Value: "info", Usage: "least importance of what is written: debug, info, warn or error"},
			&cli.StringFlag{Name: "log-format", Value: "auto", Usage: "console (for people), json (for programs), or auto: console on a terminal"},
			threadsFlag(), deviceFlag(), backendFlag(), weightsFlag(), draftsFlag(), draftModelFlag(),
		},
		Action: serveOrKey,
	}
}

func serveOrKey(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	if c.IsSet("new-key") {
		return newServeKey(c)
	}
	return usage.Daemon(serve)(c)
}

func serve(c *cli.Context) error {
	if c.IsSet("key-answers") || c.IsSet("key-per-minute") {
		return usage.Mistake(withHint(errors.New("--key-answers and --key-per-minute are for a new key"), "give --new-key NAME, too, or write them into the file's line"))
	}
	cfg, err := serveConfig(c)
	if err != nil {
		return usage.Mistake(err)
	}
	l, err := new(net.ListenConfig).Listen(c.Context, "tcp", c.String("listen"))
	if err != nil {
		return fmt.Errorf("%w; %s", err, config.ListenHint(err, "listen", ""))
	}
	key, err := openReceiptKey(c)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if key != nil {
		defer key.Wipe()
		cfg.Sign = signReceipts(key)
	}
	registry, program := prometheus.NewRegistry(), shelf.Program()
	models, err := openShelf(c, registry)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	metrics := newServerMetrics()
	cfg.Shelf, cfg.Metrics, cfg.Observe = models, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), metrics.observe
	idle, stop := context.WithCancel(c.Context)
	swept := make(chan error, 1)
	go func() { swept <- models.Run(idle) }()
	err = listenFor(c, cfg, l, program, func(s *server.Server) { metrics.register(registry, s) })
	stop()
	return errors.Join(err, <-swept, models.Close())
}

// listenFor serves what is open until a signal. program is the memory that is in
// use beside models.
func listenFor(c *cli.Context, cfg server.Config, l net.Listener, program int64, made func(*server.Server)) error {
	s, err := server.New(cfg)
	if err != nil {
		return errors.Join(usage.Mistake(err), l.Close())
	}
	made(s)
	for _, m := range cfg.Shelf.List() {
		said := cfg.Logger.Info().Str("model", m.Name).Int("context", m.About.Context).Int64("mebibytes", (m.About.Need+program)>>20).
			Float64("mebibytes_per_1024_tokens", float64(1024*m.About.Position)/(1<<20))
		if m.Engine == nil {
			said.Msg("model is opened when it is asked for")
			continue
		}
		i := m.Engine.Info()
		said.Str("device", i.Device).Int("threads", i.Threads).Msg("model is open")
	}
	cfg.Logger.Info().Str("url", "http://"+l.Addr().String()+"/v1").Int("keys", len(cfg.Keys)).Msg("serving")
	defer daemon.Notify(c.Context, cfg.Logger)()
	err = s.Serve(c.Context, l)
	cfg.Logger.Info().Msg("stopped")
	return err
}

// serveConfig reads who may ask. Without keys nobody but this machine may.
func serveConfig(c *cli.Context) (server.Config, error) {
	cfg := server.Config{
		Hosts: c.StringSlice("host"), Origins: c.StringSlice("origin"), Queue: c.Int("queue"),
		Logger: daemon.NewLogger(c.App.ErrWriter, config.Log{Level: c.String("log-level"), Format: c.String("log-format")}),
	}
	host, _, err := net.SplitHostPort(c.String("listen"))
	if err != nil {
		return cfg, withHint(fmt.Errorf("--listen %q is no HOST:PORT", abridge(c.String("listen"))), "give one such as "+defaultServe)
	}
	path := c.String("api-key-file")
	if path == "" {
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return cfg, withHint(fmt.Errorf("--listen %s is reached from other machines, and there are no keys", c.String("listen")),
				"make one with --api-key-file FILE --new-key NAME, or listen on "+defaultServe)
		}
		return cfg, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, withHint(err, "make a key with --api-key-file "+path+" --new-key NAME")
	}
	if err != nil {
		return cfg, err
	}
	defer func() { _ = f.Close() }()
	if cfg.Keys, err = server.ReadKeys(f); err != nil {
		return cfg, withHint(fmt.Errorf("read %s: %w", path, err), "mend that line, or make a key with --new-key NAME")
	}
	return cfg, nil
}

// newServeKey adds a key to the file and prints its secret.
func newServeKey(c *cli.Context) error {
	path := c.String("api-key-file")
	if path == "" {
		return usage.Mistake(withHint(errors.New("a new key needs a file"), "give --api-key-file FILE, too"))
	}
	key, secret, err := server.NewKey(c.String("new-key"))
	if err != nil {
		return usage.Mistake(err)
	}
	for name, to := range map[string]*int{"key-answers": &key.Answers, "key-per-minute": &key.PerMinute} {
		if *to = c.Int(name); c.IsSet(name) && (*to < 1 || *to > server.MaxOwn) {
			return usage.Mistake(withHint(fmt.Errorf("--%s %d is none of 1 to %d", name, *to, server.MaxOwn), "leave it out for no limit"))
		}
	}
	if err := addServeKey(path, key); err != nil {
		return err
	}
	note(c, "%s has the key of %s; it is shown this once:", path, key.Name)
	_, err = fmt.Fprintln(c.App.Writer, secret)
	return err
}

// addServeKey writes a line behind the others, unless the name is taken. The
// file is as it was or whole.
func addServeKey(path string, key server.Key) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(text) > 0 {
		keys, err := server.ReadKeys(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if slices.ContainsFunc(keys, func(k server.Key) bool { return k.Name == key.Name }) {
			return withHint(fmt.Errorf("%s has a key of %s", path, key.Name), "take that line out, or choose another name")
		}
		if text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
	}
	return durable.Replace(path, append(text, key.String()+"\n"...), 0o600)
}
