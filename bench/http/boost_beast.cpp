// Boost.Beast: asynchronous, on one thread, over Boost.Asio.
// subject: Boost.Beast
// package: libboost-dev
// flags: -DBOOST_BEAST_USE_STD_STRING_VIEW
#include "http/http.h"
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <memory>
#include <string>

namespace net = boost::asio;
namespace http = boost::beast::http;
using tcp = net::ip::tcp;

static const std::string json = [] {
    std::string body(HTTP_BODY, 'x');
    http_json(body.data());
    return body;
}();

struct connection : std::enable_shared_from_this<connection> {
    tcp::socket socket;
    boost::beast::flat_buffer buffer;
    http::request<http::empty_body> request;
    http::response<http::string_body> response;

    explicit connection(tcp::socket s) : socket(std::move(s)) {}

    void read()
    {
        request = {};
        http::async_read(socket, buffer, request, [self = shared_from_this()](boost::system::error_code error, size_t) {
            if (!error) self->answer();
        });
    }
    void answer()
    {
        response = { http::status::ok, request.version() };
        response.set(http::field::content_type, "application/json");
        response.keep_alive(request.keep_alive());
        response.body() = json;
        response.prepare_payload();
        http::async_write(socket, response, [self = shared_from_this()](boost::system::error_code error, size_t) {
            if (!error) self->read();
        });
    }
};

static void take_clients(tcp::acceptor &acceptor)
{
    acceptor.async_accept([&acceptor](boost::system::error_code error, tcp::socket socket) {
        if (error) return;
        socket.set_option(tcp::no_delay(true));
        std::make_shared<connection>(std::move(socket))->read();
        take_clients(acceptor);
    });
}

int main()
{
    net::io_context context(1);
    tcp::acceptor acceptor(context, { net::ip::address_v4::loopback(), 0 });
    take_clients(acceptor);
    pthread_t thread = bench_start(
        [](void *c) -> void * {
            static_cast<net::io_context *>(c)->run();
            return nullptr;
        },
        &context);
    http_measure(acceptor.local_endpoint().port());
    context.stop();
    bench_join(thread);
    bench_report_version(BOOST_LIB_VERSION);
    return 0;
}
