// Go's own net/http with golang-jwt: no framework, since many Go services have none. The parser is made once, and accepts
// one algorithm; the claims are a struct of our own, so that nothing is looked up by name in a map.
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

const (
	accessTTL = 900 * time.Second
	issuer    = "https://authlab.example"
	audience  = "authlab-api"
	bodyLimit = 16 << 10
)

var (
	key    = random(32)
	keyID  = uuid()
	parser = jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}))
)

type claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
	ID        string `json:"jti"`
	Email     string `json:"email"`
}

// Valid is called by the parser once the signature has been checked.
func (c *claims) Valid() error {
	if c.Issuer != issuer || c.Audience != audience {
		return errors.New("the token is of or for somebody else")
	}
	if time.Now().Unix() >= c.ExpiresAt {
		return errors.New("the token has expired")
	}
	return nil
}

type me struct {
	UserID    string  `json:"user_id"`
	Email     string  `json:"email"`
	SessionID *string `json:"session_id"`
}

type credentials struct {
	TokenType   string `json:"token_type"`
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	UserID      string `json:"user_id"`
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/auth/signup", only(http.MethodPost, signUp))
	mux.HandleFunc("/auth/login", only(http.MethodPost, logIn))
	mux.HandleFunc("/me", only(http.MethodGet, getMe))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { problem(w, 404, "not_found") })

	port := os.Getenv("PORT")
	if port == "" {
		port = "0"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	// Whoever started this holds the other end of stdin: when that is gone, nobody is left to serve.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal((&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}).Serve(listener))
}

func getMe(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="authlab"`)
		problem(w, 401, "unauthenticated")
		return
	}
	var c claims
	_, err := parser.ParseWithClaims(token, &c, func(*jwt.Token) (interface{}, error) { return key, nil })
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="authlab", error="invalid_token"`)
		problem(w, 401, "invalid_token")
		return
	}
	answer(w, 200, "application/json", me{UserID: c.Subject, Email: c.Email})
}

// Accounts live in memory: nobody measures a log-in here, it is only the way to a credential.
type account struct {
	userID string
	salt   []byte
	hash   []byte
}

type person struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

var (
	accounts = map[string]account{}
	lock     sync.RWMutex
	nobody   = account{salt: random(16), hash: random(32)}
)

func presented(w http.ResponseWriter, r *http.Request) (p person, ok bool) {
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit)).Decode(&p) != nil {
		problem(w, 400, "malformed")
		return p, false
	}
	if p.Email == "" || p.Password == "" {
		problem(w, 422, "invalid")
		return p, false
	}
	return p, true
}

func signUp(w http.ResponseWriter, r *http.Request) {
	p, ok := presented(w, r)
	if !ok {
		return
	}
	salt := random(16)
	made := account{userID: uuid(), salt: salt, hash: derived(p.Password, salt)}
	lock.Lock()
	_, taken := accounts[p.Email]
	if !taken {
		accounts[p.Email] = made
	}
	lock.Unlock()
	if taken {
		problem(w, 409, "email_taken")
		return
	}
	issue(w, 201, made.userID, p.Email)
}

func logIn(w http.ResponseWriter, r *http.Request) {
	p, ok := presented(w, r)
	if !ok {
		return
	}
	lock.RLock()
	known, isKnown := accounts[p.Email]
	lock.RUnlock()
	if !isKnown {
		known = nobody // an unknown address takes as long as a known one
	}
	if !hmac.Equal(derived(p.Password, known.salt), known.hash) {
		problem(w, 401, "invalid_credentials")
		return
	}
	issue(w, 200, known.userID, p.Email)
}

func issue(w http.ResponseWriter, status int, userID, email string) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, &claims{
		Issuer: issuer, Audience: audience, Subject: userID, ID: uuid(), Email: email,
		IssuedAt: now.Unix(), ExpiresAt: now.Add(accessTTL).Unix(),
	})
	token.Header["kid"] = keyID
	token.Header["typ"] = "at+jwt"
	signed, err := token.SignedString(key)
	if err != nil {
		problem(w, 500, "internal")
		return
	}
	answer(w, status, "application/json", credentials{"Bearer", signed, int(accessTTL.Seconds()), userID})
}

// PBKDF2-HMAC-SHA-256 (RFC 8018 §5.2) for one block: the standard library of this Go has no password hash of its own.
func derived(password string, salt []byte) []byte {
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write(append(append([]byte{}, salt...), 0, 0, 0, 1))
	block := mac.Sum(nil)
	sum := append([]byte{}, block...)
	for i := 1; i < 100_000; i++ {
		mac.Reset()
		mac.Write(block)
		block = mac.Sum(block[:0])
		for j := range sum {
			sum[j] ^= block[j]
		}
	}
	return sum
}

func only(method string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.Header().Set("Allow", method)
			problem(w, 405, "method_not_allowed")
			return
		}
		handler(w, r)
	}
}

func problem(w http.ResponseWriter, status int, code string) {
	answer(w, status, "application/problem+json", map[string]interface{}{
		"type": "/problems/" + code, "title": code, "status": status, "detail": code, "code": code,
	})
}

func answer(w http.ResponseWriter, status int, mediaType string, body interface{}) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "", 500)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func random(length int) []byte {
	bytes := make([]byte, length)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatal(err)
	}
	return bytes
}

func uuid() string {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
