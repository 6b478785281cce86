# frozen_string_literal: true

require 'json'
require 'net/http'
require 'securerandom'

# A small client: it retries with the same key, and reports only what it knows.
class Client
  PATHS = {
    'refundOrder' => ['POST', '/refunds'],
    'releaseRemainingAuthorization' => ['POST', '/release-remaining-authorization'],
    'extendDueDate' => ['PATCH', '/captures/%<capture_id>s/extend-due-date'],
    'getOptionsForExtendDueDate' => ['GET', '/captures/%<capture_id>s/extend-due-date-options']
  }.freeze
  ATTEMPTS = 4
  LONGEST_PAUSE_S = 30
  FAILURES = [
    IOError, SystemCallError, SocketError, OpenSSL::SSL::SSLError, Timeout::Error,
    Net::HTTPBadResponse, Net::ProtocolError
  ].freeze

  def initialize(hello)
    @hello = hello
    @server = URI(hello['base_url'])
  end

  def execute(operation, order_id, arguments)
    capture_id, body = arguments.partition { |name, _| name == 'capture_id' }.map(&:to_h)
    method, suffix = PATHS[operation]
    order = "#{@server.path}/ordermanagement/v1/orders/#{order_id}"
    path = order + format(suffix, capture_id: capture_id['capture_id'])
    key = SecureRandom.uuid # of all attempts, because any of them may have taken effect
    unclear = false
    pause_s = 0
    ATTEMPTS.times do |attempt|
      sleep pause_s
      pause_s = 0.1 * 2**attempt
      begin
        response = send_request(method, path, body, key)
      rescue *FAILURES
        unclear = true # no complete response: the effect is unknown
        next
      end
      case response
      when Net::HTTPSuccess then return done(operation, response)
      when Net::HTTPTooManyRequests
        pause_s = Integer(response['retry-after'], exception: false) || pause_s
        break if pause_s > LONGEST_PAUSE_S
      when Net::HTTPServerError then unclear = true
      when Net::HTTPClientError then return unclear ? { outcome: 'unknown' } : refused(response)
      else return { outcome: 'unknown' }
      end
    end
    { outcome: 'unknown' }
  end

  private

  # One attempt, on a connection of its own.
  def send_request(method, path, body, key)
    http = Net::HTTP.new(@server.host, @server.port)
    http.use_ssl = @server.scheme == 'https'
    http.open_timeout = http.read_timeout = http.write_timeout = @hello['timeout_s']
    http.max_retries = 0 # by default, a GET is retried silently
    request = Net::HTTPGenericRequest.new(method, !body.empty?, true, path)
    request.basic_auth(@hello['username'], @hello['password'])
    request['Klarna-Idempotency-Key'] = key unless method == 'GET'
    request.content_type = 'application/json' unless body.empty?
    request.body = JSON.generate(body) unless body.empty?
    request['Accept-Encoding'] = 'identity' # so that the length is that of the body
    response = http.start { http.request(request) }
    raise EOFError if response.body.to_s.bytesize < response.content_length.to_i # Net::HTTP accepts truncated bodies

    response
  end

  def done(operation, response)
    case operation
    when 'refundOrder'
      location = response['location'].to_s.split('/').last
      { outcome: 'done', refund_id: response['refund-id'] || location }
    when 'getOptionsForExtendDueDate'
      options = members(response)['options']
      { outcome: options ? 'done' : 'unknown', options: options }
    else { outcome: 'done' }
    end
  end

  def refused(response)
    error = members(response)
    {
      outcome: 'refused',
      error_code: error['error_code'],
      error_messages: error['error_messages'] || [error['error_message'].to_s],
      correlation_id: error['correlation_id'] || response['klarna-correlation-id']
    }
  end

  # The members of a JSON body; none for other bodies, such as an error page.
  def members(response)
    value = JSON.parse(response.body.to_s)
    value.is_a?(Hash) ? value : {}
  rescue JSON::ParserError
    {}
  end
end
