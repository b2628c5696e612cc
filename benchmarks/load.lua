-- The requests that wrk sends. The environment has METHOD, TOKEN and BODIES (a JSON array of strings, sent in turn).
local headers = { ["Content-Type"] = "application/json", ["Prefer"] = "handling=strict" }
if os.getenv("TOKEN") ~= "" then headers["Authorization"] = "Bearer " .. os.getenv("TOKEN") end
local bodies, turn, errors = {}, 0, 0
for body in os.getenv("BODIES"):gmatch('"({.-})"[,%]]') do bodies[#bodies + 1] = body:gsub('\\"', '"') end

function request()
  turn = turn + 1
  return wrk.format(os.getenv("METHOD"), nil, headers, bodies[turn % #bodies + 1])
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "max": %f, "errors": %d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
