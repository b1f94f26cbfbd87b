/** Words of the seeded texts, the common ones first. Enough of them that the texts compress about as real ones do. */
export const words: readonly string[] = `the of and to in is for that with on as by this are be from at or an which when it we can not one has more
stream latency request answer schedule server client queue message event gap token window budget trace span service store cache model
conversation project artifact version sample rate load arrival median tail percentile measure error timeout retry connection header body
page asset script style session cookie device organization member permission draft review deploy region replica lag write read commit
index table column row query plan join scan lock page transaction isolation snapshot journal backup restore migrate schema type value
graph node edge path root leaf branch merge parent child order sort filter group count limit offset cursor batch chunk buffer flush
signal abort close open start stop pause resume steady burst ramp spike drop shed delay jitter stall drift clock wall monotonic
summary outline chapter figure paper survey report chart axis legend scale histogram bucket interval bound estimate variance mean
compare baseline change commit build test gate pass fail verdict evidence claim reason because however although instead unless while
garden kitchen recipe flour butter oven bread coffee travel ticket station harbour mountain river forest winter summer morning evening
teacher student lesson letter grammar history museum painting theatre music guitar piano violin concert album lyric rhythm melody
budget invoice contract supplier customer market price margin forecast quarter revenue expense payroll account balance ledger audit
doctor patient symptom therapy dosage clinic nurse sleep diet exercise running cycling swimming training muscle recovery injury
window door bridge tower street corner village island coast valley desert planet comet orbit rocket engine turbine battery sensor
camera lens portrait shadow colour contrast pixel vector matrix tensor gradient kernel scalar theorem lemma proof axiom corollary
always never often rarely quickly slowly carefully roughly exactly nearly almost together apart above below before after between within
write explain describe suggest improve rewrite translate summarise refactor debug profile optimise document design implement verify`
  .split(/\s+/)
  .filter((word) => word !== '');
