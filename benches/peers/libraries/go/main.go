// Has golang-jwt check one HS256 token over and over. The protocol is in benches/peers/README.md.
package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"log"
	"os"
	"runtime/debug"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

const (
	batch  = 50 // checks between two looks at the clock
	module = "github.com/golang-jwt/jwt/v4"
)

type specimen struct {
	Token    string `json:"token"`
	KeyHex   string `json:"key_hex"`
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	Sub      string `json:"sub"`
}

type offer struct {
	Library string `json:"library"`
	Version string `json:"version"`
}

type turn struct {
	ForMs int64 `json:"for_ms"`
}

type done struct {
	Checks int64 `json:"checks"`
}

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var asked specimen
	must(in.Decode(&asked))
	key, err := hex.DecodeString(asked.KeyHex)
	must(err)

	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}))
	keyOf := func(*jwt.Token) (interface{}, error) { return key, nil }
	check := func(token string) (*jwt.RegisteredClaims, error) {
		var claims jwt.RegisteredClaims
		if _, err := parser.ParseWithClaims(token, &claims, keyOf); err != nil {
			return nil, err
		}
		if !claims.VerifyIssuer(asked.Issuer, true) || !claims.VerifyAudience(asked.Audience, true) {
			return nil, errors.New("the token is of or for somebody else")
		}
		return &claims, nil
	}

	// A refusal would be quick, and the figures fine; and what takes everything is no check.
	claims, err := check(asked.Token)
	must(err)
	if claims.Subject != asked.Sub {
		log.Fatal("golang-jwt read another subject")
	}
	if _, err := check(asked.Token[:len(asked.Token)-8] + "AAAAAAAA"); err == nil {
		log.Fatal("golang-jwt took a token with another signature")
	}

	must(out.Encode([]offer{{Library: "golang-jwt", Version: version()}}))
	for {
		var t turn
		if in.Decode(&t) != nil {
			return
		}
		start, checks := time.Now(), int64(0)
		for time.Since(start) < time.Duration(t.ForMs)*time.Millisecond || checks == 0 {
			for i := 0; i < batch; i++ {
				if _, err := check(asked.Token); err != nil {
					log.Fatal(err)
				}
			}
			checks += batch
		}
		must(out.Encode(done{Checks: checks}))
	}
}

// The version that was built in; a copy that stands in for it has none.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module && dependency.Replace == nil {
				return dependency.Version
			}
		}
	}
	return "v4 of the system"
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
