// Direct scores texts by the engine alone, without a server, for comparison with
// what an evaluation harness makes of the server's answers:
//
//	direct FILE.gguf < pairs > sums
//
// Each line in is {"context": …, "continuation": …}; each line out is the
// log-probabilities of the continuation's tokens. Texts are cut into tokens as
// lm-evaluation-harness cuts them: spaces at the end of a context are the
// continuation's, and the tokens of both together, behind as many as the context
// alone has, are the continuation's.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "direct: give a model's file")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "direct:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, in io.Reader, out io.Writer) (err error) {
	m, err := engine.Open(ctx, path, engine.Config{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	lines, answers := bufio.NewScanner(in), json.NewEncoder(out)
	for lines.Scan() {
		var pair struct{ Context, Continuation string }
		if err := json.Unmarshal(lines.Bytes(), &pair); err != nil {
			return err
		}
		all, n, err := cut(m.Tokenizer(), pair.Context, pair.Continuation)
		if err != nil {
			return err
		}
		scores, err := m.Score(ctx, []engine.ScoreRequest{{Prompt: all[:n], Continuation: all[n:]}})
		if err != nil {
			return err
		}
		if scores[0].Failed != nil {
			return scores[0].Failed
		}
		if err := answers.Encode(scores[0].LogProbs); err != nil {
			return err
		}
	}
	return lines.Err()
}

// cut returns the tokens of both texts, and how many are the context's.
func cut(t *tokenizer.Tokenizer, before, after string) ([]engine.Token, int, error) {
	bare := strings.TrimRight(before, " \t\r\n")
	before, after = bare, before[len(bare):]+after
	all, err := t.Encode(before+after, tokenizer.Options{BOS: t.AddBOS()})
	if err != nil {
		return nil, 0, err
	}
	first, err := t.Encode(before, tokenizer.Options{BOS: t.AddBOS()})
	if err == nil && (len(first) == 0 || len(first) >= len(all)) {
		err = errors.New("a pair has an empty text")
	}
	return all, len(first), err
}
