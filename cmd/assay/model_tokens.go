package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

func modelTokenizeCommand() *cli.Command {
	return &cli.Command{
		Name:  "tokenize",
		Usage: "turn text on standard input into token ids",
		Description: `Reads bytes from standard input, to the end, and prints their token ids. No
BOS is added. Names of control tokens are ordinary text, unless --special.

   printf 'Hello world' | assay model tokenize`,
		Flags: modelFlags("print an array of ids",
			&cli.BoolFlag{Name: "special", Usage: "take names of control tokens, like <|im_end|>, as those tokens"}),
		Action: func(c *cli.Context) error {
			return withTokenizer(c, func(t *tokenizer.Tokenizer) error { return tokenize(c, t) })
		},
	}
}

func tokenize(c *cli.Context, t *tokenizer.Tokenizer) error {
	text, err := readInput(c, "-", "a text", tokenizer.MaxText)
	if err != nil {
		return readHint(err, "give a shorter text")
	}
	ids, err := t.Encode(string(text), tokenizer.Options{Special: c.Bool("special")})
	if err != nil {
		return err
	}
	warnUnspellable(c, t, string(text))
	if c.Bool("json") {
		return printJSON(c, ids)
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.Itoa(int(id))
	}
	_, err = fmt.Fprintln(c.App.Writer, strings.Join(words, " "))
	return err
}

// warnUnspellable tells of bytes that the model's vocabulary cannot write.
func warnUnspellable(c *cli.Context, t *tokenizer.Tokenizer, text string) {
	if n := t.Unspellable(text); n > 0 {
		note(c, "warning: %d bytes of the text have no token in this model and are left out", n)
	}
}

func modelDetokenizeCommand() *cli.Command {
	return &cli.Command{
		Name:  "detokenize",
		Usage: "turn token ids on standard input into text",
		Description: `Reads ids from standard input, as a JSON array or separated by blanks, and
prints the bytes that they stand for, control tokens by name.

   echo '[19556, 905]' | assay model detokenize`,
		Flags: modelFlags("print one JSON object: text, where bytes that are not UTF-8 become U+FFFD"),
		Action: func(c *cli.Context) error {
			return withTokenizer(c, func(t *tokenizer.Tokenizer) error { return detokenize(c, t) })
		},
	}
}

func detokenize(c *cli.Context, t *tokenizer.Tokenizer) error {
	ids, err := readIDs(c, "-")
	if err != nil {
		return err
	}
	for i, id := range ids {
		if id < 0 || int(id) >= t.VocabSize() {
			return fmt.Errorf("id %d is %d; this model has the tokens 0 to %d", i, id, t.VocabSize()-1)
		}
	}
	text := t.DecodeSpecial(ids)
	if c.Bool("json") {
		return printJSON(c, struct {
			Text string `json:"text"`
		}{string(text)})
	}
	_, err = c.App.Writer.Write(text)
	return err
}

// readIDs reads a JSON array of ids, or ids separated by blanks.
func readIDs(c *cli.Context, path string) ([]engine.Token, error) {
	data, err := readText(c, path, "token ids", maxIDsFile)
	if err != nil {
		return nil, readHint(err, "give a JSON array of token ids")
	}
	text := strings.TrimSpace(string(data))
	ids := []engine.Token{}
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &ids); err != nil {
			return nil, withHint(fmt.Errorf("%s is no array of ids: %w", inputName(path), err), "an array looks like [504, 3575]")
		}
		return ids, nil
	}
	for word := range strings.FieldsSeq(text) {
		id, err := strconv.ParseUint(word, 10, 32)
		if err != nil || id > math.MaxInt32 {
			return nil, fmt.Errorf("%s holds %q, which is no token id; give a JSON array, or numbers with blanks between", inputName(path), word)
		}
		ids = append(ids, engine.Token(id))
	}
	return ids, nil
}
