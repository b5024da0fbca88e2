package modelstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxModel bounds a file, in bytes.
const maxModel = 1 << 40

// HeadBytes is how much of a file Request.Head is shown: what comes before the
// weights of a model whose vocabulary has a quarter of a million tokens.
const HeadBytes = 16 << 20

// Request is a model to fetch.
type Request struct {
	Source string // a path, or an http or https URL
	Shown  string // the source as the entry has it; empty: as Source
	Name   string // empty: the source's last part, without .gguf
	SHA256 string // in hex; empty: any
	// Check, where not nil, looks at the file before it has a name: what it
	// refuses is not kept, and what had the name stays.
	Check func(path string) error
	// Head, where not nil, is told once that the first HeadBytes of the file are in
	// path, or all of it, and how many bytes it will have, before more of them come; 0
	// is not known. Those behind what has come are not there.
	Head func(path string, of int64)
	// Progress, where not nil, is told how many bytes there are, of how many; 0
	// is not known.
	Progress func(have, of int64)
}

// Pull puts a file into the store under a name, in the place of what had it.
// One that was broken off goes on, if the server still has the same. Errors:
// [ErrName], [ErrHash], [ErrFormat], [ErrPlain], those of the file system and of
// HTTP, the cause of ctx.
func (s *Store) Pull(ctx context.Context, r Request) (Entry, error) {
	e := Entry{Name: r.Name, Source: cmp.Or(r.Shown, r.Source), Pulled: time.Now().UTC().Truncate(time.Second)}
	if u, err := url.Parse(e.Source); err == nil && isURL(e.Source) {
		e.Source = u.Redacted() // no password is kept
	}
	if e.Name == "" {
		e.Name = nameOf(r.Source)
	}
	if !goodName.MatchString(e.Name) {
		return e, fmt.Errorf("%w: %.140q", ErrName, e.Name)
	}
	if r.SHA256 = strings.ToLower(r.SHA256); r.SHA256 != "" && !goodHash.MatchString(r.SHA256) {
		return e, fmt.Errorf("a SHA-256 has 64 hex digits, not %.140q", r.SHA256)
	}
	parts := filepath.Join(s.dir, "parts")
	if err := os.MkdirAll(parts, 0o755); err != nil {
		return e, err
	}
	key := sha256.Sum256([]byte(cmp.Or(r.Shown, r.Source))) // pieces lie in another place each time
	p := &part{request: r, path: filepath.Join(parts, hex.EncodeToString(key[:16])), hash: sha256.New()}
	free, err := lock(ctx, p.path+".lock")
	if err != nil {
		return e, err
	}
	defer free()
	if err := p.fetch(ctx); err != nil {
		return e, err
	}
	e.SHA256, e.Size = hex.EncodeToString(p.hash.Sum(nil)), p.have
	if r.SHA256 != "" && e.SHA256 != r.SHA256 {
		p.discard()
		return e, fmt.Errorf("%w: its SHA-256 is %s, not %s", ErrHash, e.SHA256, r.SHA256)
	}
	if r.Check != nil {
		if err := r.Check(p.path); err != nil {
			p.discard()
			return e, err
		}
	}
	if err := s.add(ctx, e, p.path); err != nil {
		return e, err
	}
	p.discard()
	return e, nil
}

// lockEvery is how often a pull looks whether another of its source has ended.
const lockEvery = 50 * time.Millisecond

// lock waits until no other pull writes the same part. The kernel frees the lock
// when its holder ends, however that ends; the file stays, for others may wait
// at it.
func lock(ctx context.Context, path string) (free func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // which frees it
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), f.Close())
		case <-tick.C:
		}
	}
}

// nameOf is a source's last part.
func nameOf(source string) string {
	if u, err := url.Parse(source); err == nil && isURL(source) {
		source = u.Path
	}
	return strings.TrimSuffix(filepath.Base(source), ".gguf")
}

func isURL(source string) bool {
	return strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://")
}

// part is a file on its way.
type part struct {
	request Request
	path    string
	hash    hash.Hash
	have    int64
	headed  bool // Request.Head was told
}

// tag is the file that says which file of a server a part is of.
func (p *part) tag() string { return p.path + ".tag" }

func (p *part) discard() {
	_ = os.Remove(p.path) // where it is there
	_ = os.Remove(p.tag())
}

func (p *part) fetch(ctx context.Context) error {
	if isURL(p.request.Source) {
		return p.download(ctx)
	}
	in, err := os.Open(p.request.Source)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", p.request.Source)
	}
	p.discard()
	return p.append(ctx, in, info.Size())
}

// maxRedirects is how often an address may name another.
const maxRedirects = 10

// client follows redirects, but for those that give up encryption: who asked for
// an https address is answered by nobody who only stands in between.
var client = &http.Client{CheckRedirect: func(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case req.URL.Scheme != "https" && slices.ContainsFunc(via, func(r *http.Request) bool { return r.URL.Scheme == "https" }):
		return fmt.Errorf("%w: it leads to %s", ErrPlain, req.URL.Redacted())
	}
	return nil
}}

// download asks for what is missing, or for all of it where there is another
// file now.
func (p *part) download(ctx context.Context) error {
	tag, err := p.resume()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.request.Source, nil)
	if err != nil {
		return err
	}
	if p.have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.have))
		req.Header.Set("If-Range", tag)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	switch resp.StatusCode {
	case http.StatusRequestedRangeNotSatisfiable:
		if p.have == 0 {
			return fmt.Errorf("%s answered %s", p.request.Source, resp.Status)
		}
		// What is here is all of it, or more: it was not taken, so begin anew.
		p.discard()
		p.have = 0
		p.hash.Reset()
		return p.download(ctx)
	case http.StatusOK:
		p.discard()
		p.have = 0
		p.hash.Reset()
	case http.StatusPartialContent:
		if err := p.continues(resp, tag); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s answered %s", p.request.Source, resp.Status)
	}
	if etag := resp.Header.Get("ETag"); etag != "" && !strings.HasPrefix(etag, "W/") {
		if err := os.WriteFile(p.tag(), []byte(etag), 0o644); err != nil {
			return err
		}
	}
	return p.append(ctx, resp.Body, p.total(resp))
}

// continues sees that an answer is the rest of what there is, and of the same file.
func (p *part) continues(resp *http.Response, tag string) error {
	from := resp.Header.Get("Content-Range")
	if p.have == 0 {
		return fmt.Errorf("%s was asked for all and sent a part, %.80q", p.request.Source, from)
	}
	if !strings.HasPrefix(from, fmt.Sprintf("bytes %d-", p.have)) {
		return fmt.Errorf("%s sent %.80q, not from byte %d on", p.request.Source, from, p.have)
	}
	if etag := resp.Header.Get("ETag"); etag != "" && etag != tag {
		p.discard()
		return fmt.Errorf("%s has another file now; pull again to begin anew", p.request.Source)
	}
	return nil
}

// total is how many bytes the whole file has, as an answer says; 0 is not known. A
// part of a file tells of the whole, and may have less than all of the rest.
func (p *part) total(resp *http.Response) int64 {
	if resp.StatusCode == http.StatusPartialContent {
		_, whole, _ := strings.Cut(resp.Header.Get("Content-Range"), "/")
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil && n > 0 {
			return n
		}
	}
	if resp.ContentLength >= 0 {
		return p.have + resp.ContentLength
	}
	return 0
}

// resume reads what there is of a file whose server can tell whether it is the
// same.
func (p *part) resume() (tag string, err error) {
	text, err := os.ReadFile(p.tag())
	if errors.Is(err, fs.ErrNotExist) {
		p.discard()
		return "", nil
	}
	if err != nil {
		return "", err
	}
	f, err := os.Open(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	p.have, err = io.Copy(p.hash, f)
	return string(text), errors.Join(err, f.Close())
}

// magic begins a GGUF file.
const magic = "GGUF"

// append writes what comes behind what there is. What is no model ends before
// it has come.
func (p *part) append(ctx context.Context, in io.Reader, total int64) error {
	out, err := os.OpenFile(p.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // a second time after the one that tells
	buffer := make([]byte, 1<<20)
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := fill(in, buffer)
		if p.have == 0 && n > 0 && !strings.HasPrefix(string(buffer[:n]), magic) {
			p.discard()
			return ErrFormat
		}
		if p.have += int64(n); p.have > maxModel {
			return fmt.Errorf("%s has more than %d bytes", p.request.Source, int64(maxModel))
		}
		p.hash.Write(buffer[:n])
		if _, err := out.Write(buffer[:n]); err != nil {
			return err
		}
		if p.request.Progress != nil {
			p.request.Progress(p.have, total)
		}
		if p.request.Head != nil && !p.headed && (p.have >= HeadBytes || errors.Is(err, io.EOF)) {
			p.headed = true
			p.request.Head(p.path, total)
		}
		switch {
		case errors.Is(err, io.EOF):
			if total > 0 && p.have != total {
				return fmt.Errorf("%s ended after %d of %d bytes; pull again to go on", p.request.Source, p.have, total)
			}
			if p.have == 0 {
				return ErrFormat
			}
			return errors.Join(out.Sync(), out.Close())
		case err != nil:
			return fmt.Errorf("%s broke off after %d bytes; pull again to go on: %w", p.request.Source, p.have, err)
		}
	}
}

// fill is io.ReadFull, but for the end: io.EOF is that of in, whatever came
// before, and io.ErrUnexpectedEOF means that in itself broke off.
func fill(in io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = in.Read(buffer[n:])
		n += m
	}
	return n, err
}
