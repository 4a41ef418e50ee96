package place

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"comptoir/internal/fault"
)

// Site is the address at which a browser stands. Passkeys are bound to its host, by the browser itself.
type Site struct {
	Host   string // "lezinc.example"
	Origin string // "https://lezinc.example:8443"
}

// Passkeys tells whether browsers have passkeys at this address: over https, or on the machine itself under
// its name "localhost". An address in figures has none.
func (s Site) Passkeys() bool {
	if _, err := netip.ParseAddr(strings.Trim(s.Host, "[]")); err == nil || s.Host == "" {
		return false
	}
	return strings.HasPrefix(s.Origin, "https://") || s.Host == "localhost"
}

// purpose is what a challenge is made for: an act, at this site, by one member or session.
func (s Site) purpose(act, who string) string {
	return strings.Join([]string{act, s.Host, who}, "\x00")
}

func (s Site) party() (*webauthn.WebAuthn, error) {
	if !s.Passkeys() {
		return nil, fault.New(fault.Unsupported, "place.passkey", "passkey.address")
	}
	return webauthn.New(&webauthn.Config{
		RPID: s.Host, RPDisplayName: "Comptoir", RPOrigins: []string{s.Origin},
		// Whose make the device is does not matter to us: nothing is asked that would tell.
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		},
		// Some password managers answer what was not asked. We ask for nothing and read nothing of it.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// keyholder is a member as the library wants one.
type keyholder struct {
	Member
	passkeys []Passkey
}

func (h keyholder) WebAuthnID() []byte          { return []byte(h.ID) }
func (h keyholder) WebAuthnName() string        { return h.Email }
func (h keyholder) WebAuthnDisplayName() string { return h.Name }

func (h keyholder) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(h.passkeys))
	for i, p := range h.passkeys {
		id, _ := base64.RawURLEncoding.DecodeString(p.credential) // we wrote it
		all[i] = webauthn.Credential{ID: id, PublicKey: p.publicKey, Flags: webauthn.CredentialFlags{BackupEligible: p.synced}, Authenticator: webauthn.Authenticator{SignCount: uint32(p.counter)}}
		for word := range strings.FieldsSeq(p.transports) {
			all[i].Transport = append(all[i].Transport, protocol.AuthenticatorTransport(word))
		}
	}
	return all
}

func (h keyholder) descriptors() []protocol.CredentialDescriptor {
	var all []protocol.CredentialDescriptor
	for _, c := range h.WebAuthnCredentials() {
		all = append(all, c.Descriptor())
	}
	return all
}

// creation is the question that makes a passkey, as JSON. A device that has one already says so. One that is to open
// alone must know its owner, and itself whose it is.
func (s Site) creation(m Member, have []Passkey, alone bool, challenge []byte) ([]byte, error) {
	party, err := s.party()
	if err != nil {
		return nil, err
	}
	holder := keyholder{m, have}
	asked, _, err := party.BeginRegistration(holder, webauthn.WithExclusions(holder.descriptors()), func(o *protocol.PublicKeyCredentialCreationOptions) error {
		o.Challenge = challenge
		if alone {
			o.AuthenticatorSelection.RequireResidentKey = protocol.ResidentKeyRequired()
			o.AuthenticatorSelection.ResidentKey = protocol.ResidentKeyRequirementRequired
		}
		o.AuthenticatorSelection.UserVerification = verification(alone)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(asked.Response)
}

// created reads and verifies the answer to creation.
func (s Site) created(k Keys, purpose string, m Member, alone bool, response []byte) (Passkey, error) {
	party, err := s.party()
	if err != nil {
		return Passkey{}, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Passkey{}, err
	}
	challenge := answer.Response.CollectedClientData.Challenge
	if _, err := checkChallenge(k, purpose, challenge); err != nil {
		return Passkey{}, err
	}
	holder := keyholder{Member: m}
	c, err := party.CreateCredential(holder, webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: s.Host, UserID: holder.WebAuthnID(), UserVerification: verification(alone), CredParams: webauthn.CredentialParametersDefault(),
	}, answer)
	if err != nil {
		return Passkey{}, err
	}
	p := Passkey{credential: base64.RawURLEncoding.EncodeToString(c.ID), publicKey: c.PublicKey, synced: c.Flags.BackupEligible, counter: int64(c.Authenticator.SignCount)}
	for _, t := range c.Transport {
		p.transports = strings.TrimSpace(p.transports + " " + string(t))
	}
	return p, nil
}

// assertion is the question that a passkey answers, as JSON: one of have, or any that the browser knows.
func (s Site) assertion(have []Passkey, alone bool, challenge []byte) ([]byte, error) {
	party, err := s.party()
	if err != nil {
		return nil, err
	}
	asked, _, err := party.BeginDiscoverableLogin(webauthn.WithChallenge(challenge), webauthn.WithUserVerification(verification(alone)), webauthn.WithAllowedCredentials(keyholder{passkeys: have}.descriptors()))
	if err != nil {
		return nil, err
	}
	return json.Marshal(asked.Response)
}

func verification(alone bool) protocol.UserVerificationRequirement {
	if alone {
		return protocol.VerificationRequired
	}
	return protocol.VerificationPreferred
}

// assertion is the answer to that question, read and not yet believed.
type assertion struct {
	*protocol.ParsedCredentialAssertionData
}

func parseAssertion(response []byte) (assertion, error) {
	a, err := protocol.ParseCredentialRequestResponseBytes(response)
	return assertion{a}, err
}

func (a assertion) credential() string { return base64.RawURLEncoding.EncodeToString(a.RawID) }
func (a assertion) challenge() string  { return a.Response.CollectedClientData.Challenge }

// verify returns the authenticator's new counter when the answer is signed by this passkey, at this site. A
// counter that has not moved on means that the key was copied, and is refused.
func (s Site) verify(m Member, p Passkey, a assertion, alone bool) (counter int64, err error) {
	party, err := s.party()
	if err != nil {
		return 0, err
	}
	holder := keyholder{m, []Passkey{p}}
	c, err := party.ValidateLogin(holder, webauthn.SessionData{
		Challenge: a.challenge(), RelyingPartyID: s.Host, UserID: holder.WebAuthnID(), UserVerification: verification(alone),
	}, a.ParsedCredentialAssertionData)
	if err != nil {
		return 0, err
	}
	if c.Authenticator.CloneWarning {
		return 0, fault.New(fault.Rejected, "place.passkey", "")
	}
	return int64(c.Authenticator.SignCount), nil
}
