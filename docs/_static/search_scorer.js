// The order of search results: pages about the word come first, how-tos before all, and an attribute of that name last.
// Everything but `score` is as in the searchtools.js of Sphinx, which declares it, with var, where no scorer is given.
var Scorer = {
  score: ([docname, title, , , score, , kind]) => {
    const isPage = kind !== "object";
    const isClass = /^[A-Z]/.test(title.split(".").pop());
    const isHowTo = docname.startsWith("how-to/") || docname === "tutorial";
    return score + (isHowTo ? 10 : 0) + (isPage && !docname.startsWith("reference/") ? 5 : 0) - (isPage || isClass ? 0 : 30);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
