# frozen_string_literal: true

# Adapter for the small client in client.rb. Copy it, and call your own client in its place.
require 'json'
require_relative 'client'

def answer(client, command)
  operation = command['operation']
  return { outcome: 'unsupported' } unless Client::PATHS.key?(operation)

  client.execute(operation, command['order_id'], command['arguments'])
end

$stdout.sync = true # each answer is read before the next command is written
hello = JSON.parse($stdin.gets)['hello']
client = Client.new(hello)
ready = { client: "example 1.0 (ruby #{RUBY_VERSION})", operations: Client::PATHS.keys }
puts JSON.generate({ ready: ready })
$stdin.each_line do |line|
  command = JSON.parse(line)
  puts JSON.generate({ id: command['id'], **answer(client, command) })
end
