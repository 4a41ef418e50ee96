package app

// AnswersAt lets tests try an address as the screen does.
var AnswersAt = (*App).answersAt
