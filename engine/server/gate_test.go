package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/server"
)

// TestOneKeyDoesNotFillTheQueue: alone it gets half, two get less each, and a
// third one still finds room.
func TestOneKeyDoesNotFillTheQueue(t *testing.T) {
	g, _ := server.NewGate(12, server.Key{Name: "a"})
	fill := func(key string) (n int, leave func()) {
		leave = func() {}
		for {
			l, status := g.Enter(key, 1)
			if status != 0 {
				if status != http.StatusTooManyRequests {
					t.Fatalf("%s is refused by %d", key, status)
				}
				return n, leave
			}
			n, leave = n+1, l
		}
	}
	a, leave := fill("a")
	b, _ := fill("b")
	if a != 6 || b != 3 {
		t.Errorf("a got %d, b %d places of 12", a, b)
	}
	if _, status := g.Enter("c", 1); status != 0 {
		t.Errorf("c finds no room: %d", status)
	}
	leave()
	leave() // a second time gives nothing back
	taken := a + b + 1 - 1
	more := 0
	for ; ; more++ {
		if _, status := g.Enter(string(rune('e'+more)), 1); status != 0 {
			break
		}
	}
	if taken+more != 12 {
		t.Errorf("%d places were taken and %d given, of 12", taken, more)
	}
	open, _ := server.NewGate(12)
	for i := range 12 {
		if _, status := open.Enter("", 1); status != 0 {
			t.Errorf("without keys, place %d: %d", i, status)
		}
	}
	if _, status := open.Enter("", 1); status != http.StatusTooManyRequests {
		t.Errorf("without keys: a thirteenth place of 12: %d", status)
	}
}

// TestAKeyHasLimitsOfItsOwn: of answers at once, and of requests a minute, which
// come back with time.
func TestAKeyHasLimitsOfItsOwn(t *testing.T) {
	g, move := server.NewGate(100, server.Key{Name: "few", Answers: 3}, server.Key{Name: "slow", PerMinute: 2}, server.Key{Name: "free"})
	leave, status := g.Enter("few", 2)
	if _, refused := g.Enter("few", 2); status != 0 || refused != http.StatusTooManyRequests {
		t.Errorf("two answers of three: %d, and two more: %d", status, refused)
	}
	leave()
	if _, status := g.Enter("few", 3); status != 0 {
		t.Errorf("three of three: %d", status)
	}
	// What can never be is no matter of time.
	for key, n := range map[string]int{"few": 4, "free": 51} {
		if _, status := g.Enter(key, n); status != http.StatusBadRequest {
			t.Errorf("%d answers at once for %s: %d", n, key, status)
		}
	}
	for i, want := range []struct {
		after  time.Duration
		status int
		retry  string
	}{{0, 0, ""}, {0, 0, ""}, {0, 429, "30"}, {29 * time.Second, 429, "1"}, {time.Second, 0, ""}, {0, 429, "30"}, {time.Hour, 0, ""}, {0, 0, ""}, {0, 429, "30"}} {
		move(want.after)
		if _, status, retry := g.EnterOrWait("slow", 1); status != want.status || retry != want.retry {
			t.Errorf("request %d: status %d after %q, want %+v", i, status, retry, want)
		}
	}
	if _, status := g.Enter("free", 40); status != 0 {
		t.Errorf("a key without limits: %d", status)
	}
}

// TestALimitHoldsOfAllThatOpensAModel, not of answers alone.
func TestALimitHoldsOfAllThatOpensAModel(t *testing.T) {
	key, secret, err := server.NewKey("slow")
	check(t, err)
	key.PerMinute = 1
	s := newStand(t, func(c *server.Config) { c.Keys = []server.Key{key} })
	_, h, _ := s.do("POST", "/v1/completions", `{"prompt":"a","max_tokens":1}`, "Authorization", "Bearer "+secret)
	for _, asked := range []struct{ method, path, body string }{
		{"POST", "/v1/completions", `{"prompt":"a","max_tokens":1}`},
		{"POST", "/v1/receipts/" + h.Get("X-Assay-Receipt") + "/check", ""},
		{"POST", "/v1/embeddings", `{"input":"a"}`},
		{"POST", "/tokenize", `{"content":"a"}`},
		{"GET", "/tokenizer_info", ""},
	} {
		if status, _, b := s.do(asked.method, asked.path, asked.body, "Authorization", "Bearer "+secret); status != http.StatusTooManyRequests {
			t.Errorf("%s, the second in a minute: %d %s", asked.path, status, b)
		}
	}
}

// TestNoKeyLearnsAnothersPrompt by how much of it was computed before: only its own
// are not computed again.
func TestNoKeyLearnsAnothersPrompt(t *testing.T) {
	alice, secretOfAlice, err := server.NewKey("alice")
	check(t, err)
	bob, secretOfBob, err := server.NewKey("bob")
	check(t, err)
	s := newStand(t, func(c *server.Config) { c.Keys = []server.Key{alice, bob} })
	body := `{"prompt": "` + strings.Repeat("the secret ", 12) + `", "max_tokens": 2, "temperature": 0}`
	shared := func(secret string) uint64 {
		before := s.model.Stats().Shared
		if status, _, b := s.do("POST", "/v1/completions", body, "Authorization", "Bearer "+secret); status != http.StatusOK {
			t.Fatalf("status %d: %s", status, b)
		}
		return s.model.Stats().Shared - before
	}
	if n := shared(secretOfAlice); n != 0 {
		t.Errorf("the first time %d positions were there", n)
	}
	if n := shared(secretOfBob); n != 0 {
		t.Errorf("bob shares %d positions with alice", n)
	}
	if n := shared(secretOfAlice); n == 0 {
		t.Errorf("alice's own prompt is computed again")
	}
}
