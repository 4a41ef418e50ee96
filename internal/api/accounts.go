package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Account is the place on one network. What it proves itself with is told to nobody.
type Account struct {
	ID         string             `json:"id" format:"uuid"`
	Network    network.Kind       `json:"network" example:"email"`
	Name       string             `json:"name" example:"Le Zinc"`
	Handle     string             `json:"handle,omitempty" doc:"As people know it." example:"bonjour@lezinc.example"`
	State      place.AccountState `json:"state" enum:"ok,trouble,needs_person,off" doc:"trouble: failing, and tried again by itself; needs_person: nothing is tried until somebody connects it again; off: disconnected."`
	Code       fault.Code         `json:"code,omitempty" doc:"Of the last failure."`
	Detail     string             `json:"detail,omitempty" doc:"The last failure, for a person."`
	Skipped    int64              `json:"skipped" doc:"Malformed messages that were left out, ever."`
	ReceivedAt time.Time          `json:"received_at,omitzero" doc:"The last successful reading."`
	SentAt     time.Time          `json:"sent_at,omitzero"`
	CreatedAt  time.Time          `json:"created_at"`
	ExpiresAt  time.Time          `json:"expires_at,omitzero" doc:"When its network will want a person to connect it again; absent: never, or it does not say."`
}

// NewAccount is an account to connect.
type NewAccount struct {
	Network    network.Kind   `json:"network" enum:"email"`
	Endpoint   MailEndpoint   `json:"endpoint"`
	Credential MailCredential `json:"credential"`
}

// MailEndpoint is an e-mail account without its secrets: the JSON of its driver, by the driver's names.
type MailEndpoint struct {
	Address      string     `json:"address" doc:"What people write to, and what answers are from." example:"bonjour@lezinc.example"`
	Name         string     `json:"name,omitempty" doc:"Before the address in what is sent; absent: the place's name." example:"Le Zinc"`
	IMAP         MailServer `json:"imap"`
	SMTP         MailServer `json:"smtp"`
	Mailbox      string     `json:"mailbox,omitempty" doc:"What is read; absent: INBOX."`
	Sent         string     `json:"sent,omitempty" doc:"Where copies of answers lie; absent: found out."`
	SentByServer *bool      `json:"sent_by_server,omitempty" doc:"The SMTP server itself puts a copy in Sent; absent: found out."`
}

// MailServer is one half of a mail account.
type MailServer struct {
	Host     string `json:"host" example:"mail.lezinc.example"`
	Port     int    `json:"port" minimum:"1" maximum:"65535" example:"993"`
	Security string `json:"security" enum:"tls,starttls,none" doc:"none: on this machine only."`
	User     string `json:"user,omitempty" doc:"Absent for smtp: that of imap." example:"bonjour@lezinc.example"`
}

// MailCredential is the passwords of a mail account.
type MailCredential struct {
	IMAPPassword string `json:"imap_password" writeOnly:"true"`
	SMTPPassword string `json:"smtp_password,omitempty" writeOnly:"true" doc:"Absent: the same."`
}

func (t teller) account(a place.Account) Account {
	return Account{
		ID: a.ID, Network: a.Kind, Name: a.Name, Handle: a.Handle, State: a.State, Code: a.FaultCode,
		Detail: t.l.Fault(t.networks.Explain(a, a.FaultCode, a.FaultKey)), Skipped: a.Skipped, ReceivedAt: a.ReceivedAt, SentAt: a.SentAt, CreatedAt: a.CreatedAt, ExpiresAt: a.ExpiresAt,
	}
}

func (a *API) accountOperations() {
	tags := []string{"Accounts"}
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "listAccounts", Method: http.MethodGet, Path: "/accounts", Tags: tags,
		Summary: "What the place is connected to", Description: "The newest first, disconnected ones too.",
	}, a.accounts)
	add(a, place.ScopeAccounts, huma.Operation{
		OperationID: "createAccount", Method: http.MethodPost, Path: "/accounts", Tags: tags, DefaultStatus: http.StatusCreated,
		Errors:  []int{http.StatusBadRequest, http.StatusNotImplemented},
		Summary: "Connect an account", Description: "It is tested with its servers first, which may take half a minute, and stored only when both halves work; nothing is sent. What is wrong is told of endpoint/imap or endpoint/smtp. An address that is connected already gets the new settings and keeps its history.",
	}, a.createAccount)
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "getAccount", Method: http.MethodGet, Path: "/accounts/{id}", Tags: tags,
		Summary: "An account and how it does",
	}, a.account)
	add(a, place.ScopeAccounts, huma.Operation{
		OperationID: "disconnectAccount", Method: http.MethodDelete, Path: "/accounts/{id}", Tags: tags,
		Summary: "Disconnect an account", Description: "Its credential is forgotten, its conversations stay.",
	}, a.disconnectAccount)
}

func (a *API) accounts(ctx context.Context, v *door.Visit, _ *struct{}) (*list[Account], error) {
	all, err := place.Accounts(ctx, a.DB, v.Place.ID)
	slices.Reverse(all)
	return &list[Account]{Body: each(all, a.teller(ctx).account)}, err
}

func (a *API) account(ctx context.Context, v *door.Visit, in *ByID) (*one[Account], error) {
	acc, err := place.GetAccount(ctx, a.DB, v.Place.ID, in.ID)
	return &one[Account]{a.teller(ctx).account(acc)}, err
}

// trialTime is how long both servers together may take to answer.
const trialTime = 30 * time.Second

func (a *API) createAccount(ctx context.Context, v *door.Visit, in *struct{ Body NewAccount }) (*made[Account], error) {
	e, secret := in.Body.Endpoint, map[string]string{"imap_password": in.Body.Credential.IMAPPassword}
	if own := in.Body.Credential.SMTPPassword; own != "" {
		secret["smtp_password"] = own
	}
	e.Name, e.SMTP.User = cmp.Or(e.Name, v.Place.Name), cmp.Or(e.SMTP.User, e.IMAP.User)
	endpoint, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	acc, err := a.Networks.Connect(ctx, a.DB, a.Keys, v.Actor, v.Place.ID, place.NewAccount{
		Kind: in.Body.Network, Endpoint: string(endpoint), Credential: network.NewCredential(secret),
	})
	if err != nil {
		return nil, trialFault(err)
	}
	v.Happened(place.EventConnected)
	return &made[Account]{Location: base + "/accounts/" + acc.ID, Body: a.teller(ctx).account(acc)}, nil
}

// trialFault says of which part of the request a driver speaks. A network that does not know who we are is a
// mistake in the request: it is not the caller's own token that was refused.
func trialFault(err error) error {
	f := *fault.As(err)
	if len(f.Fields) == 0 {
		return err
	}
	fields := make([]fault.Field, len(f.Fields))
	for i, field := range f.Fields {
		part := "endpoint/"
		if strings.HasSuffix(field.Name, "_password") {
			part = "credential/"
		}
		field.Name = part + strings.ReplaceAll(field.Name, ".", "/")
		fields[i] = field
	}
	f.Fields = fields
	if f.Code == fault.Unauthenticated || f.Code == fault.Forbidden {
		f.Code = fault.Invalid
	}
	return &f
}

func (a *API) disconnectAccount(ctx context.Context, v *door.Visit, in *ByID) (*none, error) {
	if err := a.Networks.LetGo(ctx, a.DB, a.Keys, v.Actor, v.Place.ID, in.ID); err != nil {
		return nil, err
	}
	v.Happened(place.EventDisconnected)
	return &none{}, nil
}
