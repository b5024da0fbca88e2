package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
)

func TestAnAnswerIsHeldToAResponseFormat(t *testing.T) {
	s := newStand(t, nil)
	const schema = `{"type":"object","properties":{"b":{"enum":["x","yy"]},"a":{"type":"integer","minimum":0,"maximum":9}},"required":["b","a"],"additionalProperties":false}`
	answer, header := s.ask("/v1/chat/completions", `{"messages":[{"role":"user","content":"the"}],"max_tokens":400,"seed":5,`+
		`"response_format":{"type":"json_schema","json_schema":{"name":"pair","strict":true,"schema":`+schema+`}}}`)
	text := answer.Choices[0].Message.Content
	var pair struct {
		B string
		A *int
	}
	if err := json.Unmarshal([]byte(text), &pair); err != nil || pair.A == nil || pair.B != "x" && pair.B != "yy" || *answer.Choices[0].Finish != "stop" {
		t.Fatalf("%q, %v", text, err)
	}
	if strings.Index(text, `"b"`) > strings.Index(text, `"a"`) {
		t.Errorf("%s has not the schema's order", text)
	}
	run := s.verify(header.Get("X-Assay-Receipt"), "")
	if want := (engine.Grammar{Kind: engine.GrammarJSONSchema, Text: schema}); run.Settings.Grammar != want {
		t.Errorf("the receipt has %+v", run.Settings.Grammar)
	}
	answer, _ = s.ask("/v1/completions", `{"prompt":"the","max_tokens":60,"grammar":"root ::= \"<\" [a-c]{2,4} \">\""}`)
	if text := answer.Choices[0].Text; len(text) < 4 || text[0] != '<' || text[len(text)-1] != '>' {
		t.Errorf("by a grammar: %q", text)
	}
}

func TestAResponseFormatThatIsNotDoneIsRefused(t *testing.T) {
	s := newStand(t, nil)
	for format, says := range map[string]string{
		`{"type":"json_schema","json_schema":{"schema":{"type":"object","propertees":{}}}}`: "propertees",
		`{"type":"json_schema","json_schema":{"schema":{"uniqueItems":true}}}`:              "uniqueItems",
		`{"type":"json_schema"}`:          "no json_schema",
		`{"type":"xml"}`:                  "xml",
		`{"type":"json_object","deep":1}`: "deep",
		`{"type":"json_schema","json_schema":{"schema":{"pattern":"(?=a)"}}}`: "(?=",
	} {
		status, _, body := s.do("POST", "/v1/chat/completions", `{"messages":[{"role":"user","content":"the"}],"stream":true,"response_format":`+format+`}`)
		if status != 400 || !strings.Contains(string(body), says) || !strings.Contains(string(body), `"param":"response_format"`) {
			t.Errorf("%s: %d %s", format, status, body)
		}
	}
}
