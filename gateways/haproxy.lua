-- HAProxy's action `lua.guichet_verify`: asks Guichet about the request at hand (GET /verify) and leaves the answer in variables
-- for haproxy.cfg to act on. It never lets anything pass by itself: without an answer txn.guichet_status is 0.

-- CHANGE: where Guichet listens, and the host of GUICHET_ISSUER.
local GUICHET = "http://127.0.0.1:3000"
local ISSUER_HOST = "id.example.com"
-- CHANGE: the API as Guichet knows it, URL-encoded, and the scopes that a token must have (here: orders:read).
local DEMANDS = "audience=https%3A%2F%2Fapi.example%2Forders&scope=orders:read"
-- CHANGE: the address by which clients know the API. Written out, because the client chooses the Host header.
local API_ORIGIN = "https://api.example.com"
-- For one attempt. HAProxy makes four, so a request waits for 3 s at most and is refused then.
local TIMEOUT_MS = 750

-- What is taken from the answer.
local ANSWERS = {
    ["txn.guichet_challenge"] = "www-authenticate",
    ["txn.guichet_nonce"] = "dpop-nonce",
    ["txn.guichet_subject"] = "x-auth-subject",
    ["txn.guichet_client_id"] = "x-auth-client-id",
    ["txn.guichet_audience"] = "x-auth-audience",
    ["txn.guichet_scope"] = "x-auth-scope",
    ["txn.guichet_token_id"] = "x-auth-token-id",
    ["txn.guichet_expires"] = "x-auth-expires",
}

-- HAProxy counts header lines from 0, Lua from 1. All lines are passed on: Guichet refuses two tokens in one request.
local function lines_of(headers, name)
    local lines = {}
    local index = 0
    while headers[name] and headers[name][index] do
        table.insert(lines, headers[name][index])
        index = index + 1
    end
    return #lines > 0 and lines or nil
end

core.register_action("guichet_verify", { "http-req" }, function(txn)
    txn:set_var("txn.guichet_status", 0)
    local given = txn.http:req_get_headers()
    local certificate = txn:get_var("txn.certificate")
    local headers = {
        ["host"] = { ISSUER_HOST },
        ["authorization"] = lines_of(given, "authorization"),
        ["dpop"] = lines_of(given, "dpop"),
        ["x-forwarded-for"] = { txn.sf:src() },
        ["x-original-method"] = { txn.sf:method() },
        ["x-original-url"] = { API_ORIGIN .. txn.sf:pathq() },
        ["client-cert"] = certificate and { ":" .. certificate .. ":" } or nil,
    }
    local asked, response = pcall(function()
        local client = core.httpclient()
        return client:get({ url = GUICHET .. "/verify?" .. DEMANDS, headers = headers, timeout = TIMEOUT_MS })
    end)
    if not asked or not response or not response.status then return end
    for variable, name in pairs(ANSWERS) do
        local value = response.headers and response.headers[name] and response.headers[name][0]
        if value then txn:set_var(variable, value) else txn:unset_var(variable) end
    end
    txn:set_var("txn.guichet_status", response.status)
end, 0)
