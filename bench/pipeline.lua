-- wrk: 16 requests in one write, as a pipelining client sends them.
init = function(args)
  local one = wrk.format("GET", "/1k.bin")
  local all = {}
  for i = 1, 16 do all[i] = one end
  batch = table.concat(all)
end
request = function() return batch end
